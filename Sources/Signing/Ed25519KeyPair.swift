private import Crypto
private import FoundationEssentials

/// A key pair of Ed25519 (RFC 8032), ready to sign.
///
/// The seed is held by the cryptography library, which wipes it; nothing prints it.
package struct Ed25519KeyPair: Sendable {
  /// Bytes of the secret half.
  package static let seedLength = 32
  /// Bytes of a signature.
  package static let signatureLength = 64

  private let key: Curve25519.Signing.PrivateKey
  /// The half that receivers hold.
  package let publicKey: SigningPublicKey

  /// - Parameter seed: 32 bytes; the caller wipes them.
  /// - Returns: nil when `seed` has another length.
  package init?(seed: [UInt8]) {
    do {
      key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
      publicKey = try SigningPublicKey(bytes: Array(key.publicKey.rawRepresentation))
    } catch {
      return nil
    }
  }

  /// The signature of `message`, 64 bytes.
  /// - Throws: ``SigningError`` `cipher`, should the library ever refuse.
  package func signature(of message: [UInt8]) throws(SigningError) -> [UInt8] {
    do {
      return Array(try key.signature(for: message))
    } catch {
      throw .cipher
    }
  }
}

extension Ed25519KeyPair: CustomStringConvertible, CustomReflectable {
  package var description: String { "the secret half of \(publicKey)" }
  package var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
