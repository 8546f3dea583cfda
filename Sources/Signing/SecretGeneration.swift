private import KeyRules

extension SigningSecret {
  /// Makes a symmetric secret of 32 bytes from the system's random number generator.
  package static func generateSymmetric() -> SigningSecret {
    var generator = SystemRandomNumberGenerator()
    return generateSymmetric(using: &generator)
  }

  /// Makes a symmetric secret from `generator`, which must be cryptographically secure outside
  /// tests.
  package static func generateSymmetric(
    using generator: inout some RandomNumberGenerator
  ) -> SigningSecret {
    var key = randomBytes(generatedKeyLength, from: &generator)
    defer { wipe(&key) }
    return made(of: key, kind: .symmetric, prefix: symmetricPrefix)
  }

  /// Makes an asymmetric secret from the system's random number generator.
  package static func generateEd25519() -> SigningSecret {
    var generator = SystemRandomNumberGenerator()
    return generateEd25519(using: &generator)
  }

  /// Makes an asymmetric secret from `generator`, which must be cryptographically secure outside
  /// tests.
  package static func generateEd25519(
    using generator: inout some RandomNumberGenerator
  ) -> SigningSecret {
    var seed = randomBytes(Ed25519KeyPair.seedLength, from: &generator)
    defer { wipe(&seed) }
    guard let pair = Ed25519KeyPair(seed: seed) else {
      preconditionFailure("every \(Ed25519KeyPair.seedLength) bytes are a seed")
    }
    var halves = seed + pair.publicKey.bytes
    defer { wipe(&halves) }
    return made(of: halves, kind: .ed25519, prefix: ed25519Prefix)
  }

  private static func randomBytes(
    _ count: Int, from generator: inout some RandomNumberGenerator
  ) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }

  private static func made(of bytes: [UInt8], kind: Kind, prefix: String) -> SigningSecret {
    var digits = Base64.encode(bytes)
    defer { wipe(&digits) }
    var text: [UInt8] = []
    text.reserveCapacity(prefix.utf8.count + digits.count)
    text += prefix.utf8
    text += digits
    defer { wipe(&text) }
    do {
      return try SigningSecret(Secret(copying: text.span), kind: kind)
    } catch {
      preconditionFailure("what is generated here is read here: \(error)")
    }
  }
}
