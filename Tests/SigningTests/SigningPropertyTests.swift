import Signing
import Testing

/// What holds for all messages, secrets and profiles.
@Suite struct SigningPropertyTests {
  private struct World {
    let signer: WebhookSigner
    let verifier: SignatureVerifier
    let stranger: SignatureVerifier
    let message: WebhookMessage
    let headers: [SignatureHeader]
  }

  /// Secrets of the kinds that fit, a verifier with the newest, one with another secret, a message.
  private func world(
    _ profile: SignatureProfile, from random: inout SplitMix
  ) throws -> World {
    func secret() -> SigningSecret {
      profile == .standard && Bool.random(using: &random)
        ? .generateEd25519(using: &random) : .generateSymmetric(using: &random)
    }
    let secrets = (0..<Int.random(in: 1...3, using: &random)).map { _ in secret() }
    let signer = try WebhookSigner(profile: profile, secrets: secrets)
    let message = try WebhookMessage(
      id: "m\(random.next())",
      timestampUnixSeconds: Int64.random(in: 1_000_000_000...2_000_000_000, using: &random),
      body: (0..<Int.random(in: 1...200, using: &random)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
      })
    return World(
      signer: signer,
      verifier: try SignatureVerifier(profile: profile, keys: [.secret(secrets[0])]),
      stranger: try SignatureVerifier(profile: profile, keys: [.secret(secret())]),
      message: message, headers: try signer.headers(for: message))
  }

  private static let profiles: [SignatureProfile] = [
    .standard, .github, .stripe, .bodyHex(header: .standard),
  ]

  @Test("what is signed verifies, with the right secret only", arguments: profiles)
  func roundTrip(profile: SignatureProfile) throws {
    var random = SplitMix(state: 20)
    for _ in 0..<200 {
      let world = try world(profile, from: &random)
      let now = world.message.timestampUnixSeconds
      #expect(
        try world.verifier.verify(world.headers, body: world.message.body, nowUnixSeconds: now)
          == 0)
      #expect(throws: VerificationError.noMatch) {
        try world.stranger.verify(world.headers, body: world.message.body, nowUnixSeconds: now)
      }
    }
  }

  @Test("no bit of the body can be changed", arguments: profiles)
  func body(profile: SignatureProfile) throws {
    var random = SplitMix(state: 21)
    let world = try world(profile, from: &random)
    for index in world.message.body.indices {
      for bit in 0..<8 {
        var body = world.message.body
        body[index] ^= 1 << bit
        #expect(throws: VerificationError.noMatch) {
          try world.verifier.verify(
            world.headers, body: body, nowUnixSeconds: world.message.timestampUnixSeconds)
        }
      }
    }
  }

  @Test("no bit of the signed headers can be changed", arguments: profiles)
  func headers(profile: SignatureProfile) throws {
    var random = SplitMix(state: 22)
    let secret = SigningSecret.generateSymmetric(using: &random)
    let signer = try WebhookSigner(profile: profile, secrets: [secret])
    let verifier = try SignatureVerifier(profile: profile, keys: [.secret(secret)])
    let message = try message()
    let headers = try signer.headers(for: message)
    // Only the standard signs what is in other headers than the signature's.
    for place in profile == .standard ? 0..<3 : 2..<3 {
      let value = Array(headers[place].value.utf8)
      for index in value.indices {
        for bit in 0..<7 {
          var changed = value
          changed[index] ^= 1 << bit
          // Hexadecimal digits mean the same in both cases.
          if profile != .standard, bit == 5, isLetter(value[index]) { continue }
          var others = headers
          others[place].value = String(decoding: changed, as: UTF8.self)
          #expect(throws: VerificationError.self) {
            try verifier.verify(
              others, body: message.body, nowUnixSeconds: message.timestampUnixSeconds)
          }
        }
      }
    }
  }

  @Test("a signature is of one message: moving a dot between its parts does not help")
  func parts() throws {
    let secret = try SigningSecret(Sample.symmetric)
    let signer = try WebhookSigner(profile: .standard, secrets: [secret])
    let verifier = try SignatureVerifier(profile: .standard, keys: [.secret(secret)])
    var headers = try signer.headers(for: message(id: "m", at: 12, body: "34.5"))
    #expect(try verifier.verify(headers, body: Array("34.5".utf8), nowUnixSeconds: 12) == 0)
    headers[1].value = "12.34"
    #expect(throws: VerificationError.invalidTimestamp) {
      try verifier.verify(headers, body: Array("5".utf8), nowUnixSeconds: 12)
    }
    headers[0].value = "m.12"
    headers[1].value = "34"
    #expect(throws: VerificationError.invalidID) {
      try verifier.verify(headers, body: Array("5".utf8), nowUnixSeconds: 34)
    }
  }

  @Test("random headers never trap and never verify", arguments: profiles)
  func noise(profile: SignatureProfile) throws {
    var random = SplitMix(state: 23)
    let world = try world(profile, from: &random)
    let alphabet: [Unicode.Scalar] = [
      "v", "1", "a", ",", " ", "=", "t", "0", "f", "/", "+", "\r", "\n", "\u{0}", "é", "s", ".",
    ]
    for _ in 0..<5_000 {
      let headers = world.headers.compactMap { header -> SignatureHeader? in
        var text = ["", "v1,", "v1a,", "t=1,v1=", "sha256="].randomElement(using: &random) ?? ""
        for _ in 0..<Int.random(in: 0...100, using: &random) {
          text.unicodeScalars.append(alphabet.randomElement(using: &random) ?? "v")
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return nil
        case 1...4 where header.name != profile.headerName: return header
        default: return SignatureHeader(name: header.name, value: text)
        }
      }
      guard headers[profile.headerName] != world.headers[profile.headerName] else { continue }
      #expect(throws: VerificationError.self) {
        try world.verifier.verify(
          headers, body: world.message.body,
          nowUnixSeconds: world.message.timestampUnixSeconds)
      }
    }
  }

  private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }
}
