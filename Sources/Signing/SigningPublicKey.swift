private import Crypto

/// What a receiver checks `v1a` signatures with: `whpk_` and the base 64 of a public key of Ed25519.
///
/// No secret: it may be shown, stored and printed.
package struct SigningPublicKey: Sendable, Hashable {
  /// How its text begins.
  package static let prefix = "whpk_"
  /// Bytes of the key.
  package static let length = 32

  /// The key's 32 bytes.
  package let bytes: [UInt8]

  /// - Throws: ``SigningSecretError`` `publicKeyLength`.
  package init(bytes: [UInt8]) throws(SigningSecretError) {
    guard bytes.count == Self.length else { throw .publicKeyLength(bytes.count) }
    self.bytes = bytes
  }

  /// Reads the text form, with or without its prefix, as the standard's libraries do.
  /// - Throws: ``SigningSecretError`` `empty`, `notBase64` or `publicKeyLength`.
  package init(_ text: String) throws(SigningSecretError) {
    var digits = Array(text.utf8)
    if digits.starts(with: Self.prefix.utf8) { digits.removeFirst(Self.prefix.utf8.count) }
    guard !digits.isEmpty else { throw .empty }
    guard let bytes = Base64.decode(digits.span) else { throw .notBase64 }
    try self.init(bytes: bytes)
  }

  /// The text form.
  package var text: String { Self.prefix + Base64.text(bytes) }

  /// Whether `signature` is one of `message` by the holder of the secret half.
  package func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    do {
      return try Curve25519.Signing.PublicKey(rawRepresentation: bytes)
        .isValidSignature(signature, for: message)
    } catch {
      return false  // 32 bytes that are no key have signed nothing.
    }
  }
}

extension SigningPublicKey: CustomStringConvertible {
  package var description: String { text }
}
