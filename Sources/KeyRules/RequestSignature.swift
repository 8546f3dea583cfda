private import Crypto

/// What the holder of a signing secret makes over a request: HMAC-SHA-256, keyed with the UTF-8
/// bytes of the whole secret (`ss_` included) as it was given out.
package enum RequestSignature {
  /// Bytes of a signature.
  package static let length = 32

  package static func sign(_ payload: [UInt8], with secret: Secret) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: payload, using: key(secret)))
  }

  /// Whether `signature` is the one of `payload`; compared in constant time.
  package static func isValid(
    _ signature: [UInt8], of payload: [UInt8], with secret: Secret
  ) -> Bool {
    constantTimeEquals(signature, sign(payload, with: secret))
  }

  private static func key(_ secret: Secret) -> SymmetricKey {
    var bytes = secret.withBytes { copy($0) }
    defer { wipe(&bytes) }
    return SymmetricKey(data: bytes)
  }
}
