internal import Crypto

/// A key kept outside the database, with which tokens are turned into the digests stored in it.
///
/// HMAC-SHA-256(pepper, whole token). Whoever can write the database cannot make a row that
/// verifies, and whoever reads it cannot confirm a candidate. The digest is what rows are looked up
/// by, so nothing slow or salted would do; 256 random bits need neither.
package struct Pepper: Sendable {
  /// Bytes of a digest.
  package static let digestLength = 32

  /// Stored beside each digest; a greater one is newer.
  package let version: Int32
  private let key: SymmetricKey

  init(version: Int32, key: SymmetricKey) {
    self.version = version
    self.key = key
  }

  /// The digest of a token.
  package func digest(of token: Span<UInt8>) -> [UInt8] {
    var code = HMAC<SHA256>(key: key)
    code.update(data: copy(token))
    return Array(code.finalize())
  }

  /// The digest of a token of ours.
  package func digest(of secret: Secret) -> [UInt8] { secret.withBytes { digest(of: $0) } }
}

extension Pepper: CustomStringConvertible, CustomReflectable {
  package var description: String { "pepper \(version)" }
  package var customMirror: Mirror { Mirror(self, children: ["version": version]) }
}

/// The bytes of a span, for the interfaces that take no span.
func copy(_ bytes: Span<UInt8>) -> [UInt8] {
  var copied: [UInt8] = []
  copied.reserveCapacity(bytes.count)
  for index in bytes.indices { copied.append(bytes[index]) }
  return copied
}
