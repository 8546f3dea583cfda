import KeyRules
import Signing
import Testing

@Suite struct SigningSecretTests {
  /// A text of base 64 that stands for so many bytes.
  private func base64(_ count: Int) -> String {
    let full = String(repeating: "AAAA", count: count / 3)
    return full + ["", "AA==", "AAA="][count % 3]
  }

  @Test("a symmetric secret is read with and without its prefix, and signs the same")
  func prefix() throws {
    let bare = String(Sample.symmetric.dropFirst(6))
    for text in [Sample.symmetric, bare] {
      let secret = try SigningSecret(text)
      #expect(secret.kind == .symmetric)
      #expect(secret.publicKey == nil)
      #expect(secret.text.reveal() == text)
      let signer = try WebhookSigner(profile: .standard, secrets: [secret])
      #expect(try signer.headers(for: message())["webhook-signature"] == Sample.signature)
    }
  }

  @Test("a symmetric key has 24 to 64 bytes", arguments: 1...70)
  func keyLengths(count: Int) throws {
    let text = "whsec_" + base64(count)
    if (24...64).contains(count) {
      #expect(try SigningSecret(text).kind == .symmetric)
    } else {
      #expect(throws: SigningSecretError.keyLength(count)) { try SigningSecret(text) }
    }
  }

  @Test("nothing, or a prefix alone, is no secret", arguments: ["", "whsec_", "whsk_"])
  func empty(text: String) {
    #expect(throws: SigningSecretError.empty) { try SigningSecret(text) }
  }

  @Test(
    "base 64 is the standard's, padded, and nothing else",
    arguments: [
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
      "whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_", "whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_====", "whsec_A===", "whsec_é",
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==MfKQ", Sample.publicKey,
      // The bits that stand for nothing are not zero.
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAB=",
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=", "whsk_!", "whsk_AAA",
    ])
  func badBase64(text: String) {
    #expect(throws: SigningSecretError.notBase64) { try SigningSecret(text) }
  }

  @Test(
    "an asymmetric secret has a seed and a public key of 64 bytes", arguments: [32, 63, 65, 96])
  func pairLengths(count: Int) {
    #expect(throws: SigningSecretError.pairLength(count)) {
      try SigningSecret("whsk_" + base64(count))
    }
  }

  @Test("a public key that does not belong to the seed is refused")
  func mismatch() throws {
    let first = try #require(Ed25519KeyPair(seed: [UInt8](repeating: 1, count: 32)))
    #expect(first.publicKey.bytes.count == 32)
    #expect(throws: SigningSecretError.pairMismatch) { try SigningSecret("whsk_" + base64(64)) }
    #expect(Ed25519KeyPair(seed: [1, 2, 3]) == nil)
  }

  @Test("a passphrase is 16 to 256 visible characters", arguments: [15, 16, 256, 257])
  func passphrases(count: Int) throws {
    let text = String(repeating: "p", count: count)
    if (16...256).contains(count) {
      #expect(try SigningSecret(text, kind: .passphrase).text.reveal() == text)
    } else {
      #expect(throws: SigningSecretError.passphraseLength(count)) {
        try SigningSecret(text, kind: .passphrase)
      }
    }
  }

  @Test(
    "a passphrase has no blanks, control characters or other than ASCII",
    arguments: [" ", "\n", "\r\n", "\u{0}", "\u{7F}", "é", "\t"])
  func invisible(text: String) {
    #expect(throws: SigningSecretError.notVisible) {
      try SigningSecret("0123456789abcdef" + text, kind: .passphrase)
    }
    #expect(throws: SigningSecretError.empty) { try SigningSecret("", kind: .passphrase) }
  }

  @Test("generated secrets are read back, and no two are the same")
  func generated() throws {
    for secret in [SigningSecret.generateSymmetric(), .generateEd25519()] {
      let text = secret.text.reveal()
      #expect(try SigningSecret(text) == secret)
      #expect(try SigningSecret(secret.text, kind: secret.kind) == secret)
      #expect(text.hasSuffix(secret.lastFour))
      #expect(secret.lastFour.utf8.count == 4)
    }
    #expect(SigningSecret.generateSymmetric() != .generateSymmetric())
    #expect(SigningSecret.generateEd25519() != .generateEd25519())
  }

  @Test("the same random numbers make the same secret, of 32 bytes")
  func injectable() throws {
    var one = SplitMix(state: 9)
    var two = SplitMix(state: 9)
    let secret = SigningSecret.generateSymmetric(using: &one)
    #expect(secret == SigningSecret.generateSymmetric(using: &two))
    #expect(secret.text.count == "whsec_".utf8.count + 44)
    #expect(SigningSecret.generateEd25519(using: &one) == .generateEd25519(using: &two))
  }

  @Test("secrets are equal when kind and text are")
  func equality() throws {
    let secret = try SigningSecret(Sample.symmetric)
    #expect(try secret == SigningSecret(Sample.symmetric))
    #expect(try secret != SigningSecret(Sample.other))
    #expect(try secret != SigningSecret(Sample.symmetric, kind: .passphrase))
  }

  @Test("nothing shows a secret")
  func redaction() throws {
    let secret = try SigningSecret(Sample.symmetric)
    let pair = try SigningSecret(Sample.ed25519)
    let key = macKey(Array(Sample.passphrase.utf8))
    let half = try #require(Ed25519KeyPair(seed: [UInt8](repeating: 0x5A, count: 32)))
    let signer = try WebhookSigner(profile: .standard, secrets: [secret, pair])
    let verifier = try SignatureVerifier(profile: .standard, keys: [.secret(secret)])
    var shown = "\(secret) \(pair) \(key) \(half) \(signer) \(verifier)"
    dump(secret, to: &shown)
    dump(pair, to: &shown)
    dump(key, to: &shown)
    dump(half, to: &shown)
    dump(signer, to: &shown)
    dump(verifier, to: &shown)
    #expect(!shown.contains("MfKQ"))
    #expect(!shown.contains("6Xb/"))
    #expect(!shown.contains("an-old"))
    #expect(!shown.contains("backing"))
    #expect(shown.contains("symmetric signing secret"))
  }

  @Test("errors say what must be, and show no part of the text")
  func texts() {
    let errors: [(SigningSecretError, String)] = [
      (.empty, "must not be empty"),
      (.notBase64, "must be standard base 64 with padding, after its prefix"),
      (.keyLength(23), "must be the base 64 of 24 to 64 bytes, not 23"),
      (
        .pairLength(32), "must be the base 64 of a seed and its public key, 64 bytes, not 32"
      ),
      (.pairMismatch, "must be a seed followed by the public key that belongs to it"),
      (.publicKeyLength(31), "must be the base 64 of 32 bytes, not 31"),
      (.passphraseLength(3), "must be 16 to 256 characters long, not 3"),
      (.notVisible, "must be visible ASCII characters, without blanks"),
    ]
    for (error, text) in errors { #expect("\(error)" == text) }
  }

  @Test("a public key is read with and without its prefix")
  func publicKeys() throws {
    let key = try SigningPublicKey(Sample.publicKey)
    #expect("\(key)" == Sample.publicKey)
    #expect(try SigningPublicKey(String(Sample.publicKey.dropFirst(5))) == key)
    #expect(throws: SigningSecretError.empty) { try SigningPublicKey("whpk_") }
    #expect(throws: SigningSecretError.notBase64) { try SigningPublicKey("whpk_A") }
    #expect(throws: SigningSecretError.publicKeyLength(31)) {
      try SigningPublicKey("whpk_" + base64(31))
    }
  }

  @Test("random texts never trap, and what is read is a secret of its kind")
  func noise() throws {
    var random = SplitMix(state: 10)
    let seeds = [Sample.symmetric, Sample.ed25519, Sample.publicKey, Sample.passphrase]
    for _ in 0..<5_000 {
      var text = Array((seeds.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 0...3, using: &random) where !text.isEmpty {
        let index = Int.random(in: text.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: text[index] = UInt8.random(in: 0...127, using: &random)
        case 1: text.remove(at: index)
        default: text = Array(text[..<index])
        }
      }
      let string = String(decoding: text, as: UTF8.self)
      do throws(SigningSecretError) {
        let secret = try SigningSecret(string)
        #expect(secret.text.reveal() == string)
        #expect((secret.publicKey != nil) == (secret.kind == .ed25519))
      } catch {
        #expect("\(error)".hasPrefix("must "))
      }
    }
  }
}
