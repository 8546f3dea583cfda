import Signing
import Testing

/// The cases of the libraries of Standard Webhooks, and those of the other profiles.
@Suite struct SignatureVerifierTests {
  private let now: Int64 = 1_614_265_330
  private let body = Array(#"{"test": 2432232314}"#.utf8)
  private let wrong = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

  private func headers(
    id: String? = "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: String? = "1614265330",
    signature: String? = Sample.signature
  ) -> [SignatureHeader] {
    [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)]
      .compactMap { name, value in value.map { SignatureHeader(name: name, value: $0) } }
  }

  private func verify(
    _ headers: [SignatureHeader], profile: SignatureProfile = .standard,
    secrets: [String] = [Sample.symmetric], now: Int64? = nil, body: [UInt8]? = nil
  ) throws -> Int {
    let keys = try secrets.map { VerificationKey.secret(try SigningSecret($0)) }
    return try SignatureVerifier(profile: profile, keys: keys)
      .verify(headers, body: body ?? self.body, nowUnixSeconds: now ?? self.now)
  }

  @Test("a good request passes, with the secret's prefix and without")
  func good() throws {
    #expect(try verify(headers()) == 0)
    #expect(try verify(headers(), secrets: [String(Sample.symmetric.dropFirst(6))]) == 0)
    #expect(try verify(headers(), secrets: [Sample.other, Sample.symmetric]) == 1)
  }

  @Test("names of headers may be in any case and order, among others")
  func order() throws {
    let shuffled =
      [SignatureHeader(name: "Host", value: "a")]
      + headers().reversed().map {
        SignatureHeader(name: $0.name.uppercased(), value: $0.value)
      }
    #expect(try verify(shuffled) == 0)
  }

  @Test(
    "a header that is missing, empty or repeated is named",
    arguments: ["webhook-id", "webhook-timestamp", "webhook-signature"])
  func missing(name: String) {
    let all = headers()
    let without = all.filter { $0.name != name }
    #expect(throws: VerificationError.missingHeader(name)) { try verify(without) }
    #expect(throws: VerificationError.missingHeader(name)) {
      try verify(without + [SignatureHeader(name: name, value: "")])
    }
    #expect(throws: VerificationError.repeatedHeader(name)) {
      try verify(all + all.filter { $0.name == name })
    }
  }

  @Test(
    "a timestamp is digits",
    arguments: [
      "hello", "-1", "+1614265330", " 1614265330", "1614265330.0", "1e9", "16142653³0",
      "99999999999999999999", "253402300800", "1614265330\r\n",
    ])
  func timestamps(text: String) {
    #expect(throws: VerificationError.invalidTimestamp) { try verify(headers(timestamp: text)) }
  }

  @Test("five minutes are tolerated both ways, and not a second more")
  func tolerance() throws {
    #expect(try verify(headers(), now: now + 300) == 0)
    #expect(try verify(headers(), now: now - 300) == 0)
    #expect(throws: VerificationError.tooOld(seconds: 301)) {
      try verify(headers(), now: now + 301)
    }
    #expect(throws: VerificationError.tooNew(seconds: 301)) {
      try verify(headers(), now: now - 301)
    }
  }

  @Test("a clock that is far off does not trap", arguments: [Int64.min, .min + 1, 0, .max])
  func clocks(now: Int64) {
    for timestamp in ["0", "1614265330", "253402300799"] {
      #expect(throws: VerificationError.self) {
        try verify(headers(timestamp: timestamp), now: now)
      }
    }
  }

  @Test("a recorded request can be checked without its age")
  func recorded() throws {
    let verifier = try SignatureVerifier(
      profile: .standard, keys: [.secret(SigningSecret(Sample.symmetric))], toleranceSeconds: nil)
    #expect(try verifier.verify(headers(), body: body, nowUnixSeconds: 0) == 0)
    #expect(throws: VerificationError.noMatch) {
      try verifier.verify(headers(timestamp: "946684800"), body: body, nowUnixSeconds: 0)
    }
    #expect(throws: VerificationError.invalidTimestamp) {
      try verifier.verify(headers(timestamp: "hello"), body: body, nowUnixSeconds: 0)
    }
  }

  @Test(
    "an id that could shift the signed parts is refused", arguments: ["a.b", "a b", "é", "a\n"])
  func ids(id: String) {
    #expect(throws: VerificationError.invalidID) { try verify(headers(id: id)) }
  }

  @Test(
    "a wrong or partial signature does not match",
    arguments: [
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=", "v1,",
      "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE", "v1,g0hM", "v1,\(Sample.signature)",
      "v1,!!!!", "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ])
  func bad(signature: String) {
    #expect(throws: VerificationError.noMatch) { try verify(headers(signature: signature)) }
  }

  @Test(
    "signatures of other versions are skipped",
    arguments: [
      "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "v1", " ", "garbage", ",", "V1,x",
    ])
  func versions(signature: String) {
    #expect(throws: VerificationError.unknownVersion) {
      try verify(headers(signature: signature))
    }
  }

  @Test("one good signature in a list is enough")
  func list() throws {
    let v2 = wrong.replacing("v1,", with: "v2,")
    let list = [wrong, v2, Sample.signature, wrong].joined(separator: " ")
    #expect(try verify(headers(signature: list)) == 0)
    #expect(throws: VerificationError.noMatch) {
      try verify(headers(signature: [wrong, v2, wrong].joined(separator: " ")))
    }
  }

  @Test("a list has at most 64 signatures")
  func listLength() throws {
    let full = Array(repeating: wrong, count: 63) + [Sample.signature]
    #expect(try verify(headers(signature: full.joined(separator: " "))) == 0)
    #expect(throws: VerificationError.tooManySignatures) {
      try verify(headers(signature: (full + [wrong]).joined(separator: " ")))
    }
    let codes = Array(repeating: Self.noCode, count: 65)
    #expect(throws: VerificationError.tooManySignatures) {
      try verify(
        [SignatureHeader(name: "stripe-signature", value: codes.joined(separator: ","))],
        profile: .stripe)
    }
  }

  @Test("an asymmetric signature is checked with the public key alone, or the secret")
  func asymmetric() throws {
    let secret = try SigningSecret(Sample.ed25519)
    let signed = try WebhookSigner(
      profile: .standard, secrets: [SigningSecret(Sample.other), secret]
    ).headers(for: message())
    let publicKey = try SigningPublicKey(Sample.publicKey)
    for key in [VerificationKey.publicKey(publicKey), .secret(secret)] {
      let verifier = try SignatureVerifier(profile: .standard, keys: [key])
      #expect(try verifier.verify(signed, body: body, nowUnixSeconds: now) == 0)
      #expect(throws: VerificationError.noMatch) {
        try verifier.verify(signed, body: body + [0], nowUnixSeconds: now)
      }
      #expect(throws: VerificationError.noMatch) {
        try verifier.verify(headers(), body: body, nowUnixSeconds: now)
      }
    }
    let stranger = try #require(SigningSecret.generateEd25519().publicKey)
    let both = try SignatureVerifier(
      profile: .standard, keys: [.publicKey(stranger), .publicKey(publicKey)])
    #expect(try both.verify(signed, body: body, nowUnixSeconds: now) == 1)
  }

  @Test("a public key of 32 bytes that is no point verifies nothing")
  func noPoint() throws {
    for byte: UInt8 in [0, 2, 0xFF] {
      let key = try SigningPublicKey(bytes: [UInt8](repeating: byte, count: 32))
      #expect(!key.isValid([UInt8](repeating: 1, count: 64), of: body))
      #expect(!key.isValid([], of: body))
    }
  }

  @Test("keys have to fit the profile")
  func keys() throws {
    #expect(throws: SigningError.noSecret) { try SignatureVerifier(profile: .standard, keys: []) }
    let publicKey = try SigningPublicKey(Sample.publicKey)
    #expect(throws: SigningError.unfitSecret(index: 0, kind: .ed25519, profile: "github")) {
      try SignatureVerifier(profile: .github, keys: [.publicKey(publicKey)])
    }
    #expect(throws: SigningError.tooManySecrets(11)) {
      try SignatureVerifier(
        profile: .standard, keys: Array(repeating: .publicKey(publicKey), count: 11))
    }
  }

  @Test(
    "a signature of another form than GitHub's is malformed",
    arguments: [
      "sha1=00", "sha256=", "sha256=zz", "sha256=0", "00",
      "sha256=" + String(repeating: "0", count: 63), "sha256=" + String(repeating: "0", count: 66),
    ])
  func githubForm(value: String) {
    #expect(throws: VerificationError.malformedSignature) {
      try verify([SignatureHeader(name: "x-hub-signature-256", value: value)], profile: .github)
    }
  }

  @Test("digits of either case are read")
  func upperCase() throws {
    let secret = try SigningSecret(Sample.symmetric)
    let signed = try WebhookSigner(profile: .bodyHex(header: .standard), secrets: [secret])
      .headers(for: message())
    let upper = signed.map { SignatureHeader(name: $0.name, value: $0.value.uppercased()) }
    #expect(try verify(upper, profile: .bodyHex(header: .standard)) == 0)
  }

  private static let noCode = "v1=" + String(repeating: "0", count: 64)
  private static let stripeForms: [(String, VerificationError)] = [
    ("t=1614265330", .unknownVersion),
    ("t=1614265330,v0=00", .unknownVersion),
    (noCode, .invalidTimestamp),
    ("t=,\(noCode)", .invalidTimestamp),
    ("t=x,\(noCode)", .invalidTimestamp),
    ("t=1614265330,v1=00", .malformedSignature),
    ("t=1,t=2", .malformedSignature),
    ("garbage", .malformedSignature),
    ("t=1614265330,", .malformedSignature),
    ("t=1614265330,\(noCode)", .noMatch),
    ("t=1614265029,\(noCode)", .tooOld(seconds: 301)),
  ]

  @Test("what is wrong with a signature of Stripe's form is told", arguments: stripeForms)
  func stripeForm(value: String, error: VerificationError) {
    #expect(throws: error) {
      try verify([SignatureHeader(name: "Stripe-Signature", value: value)], profile: .stripe)
    }
  }

  @Test("Stripe's other schemes are skipped")
  func stripeSchemes() throws {
    let secrets = try [SigningSecret(Sample.other), SigningSecret(Sample.symmetric)]
    var signed = try WebhookSigner(profile: .stripe, secrets: secrets).headers(for: message())
    signed[2].value = "v0=abc," + signed[2].value
    #expect(try verify(signed, profile: .stripe) == 0)
  }

  @Test("errors can be read")
  func texts() {
    let errors: [VerificationError] = [
      .missingHeader("webhook-id"), .repeatedHeader("webhook-id"), .invalidID, .invalidTimestamp,
      .tooOld(seconds: 301), .tooNew(seconds: 301), .malformedSignature, .unknownVersion,
      .tooManySignatures, .noMatch,
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
    #expect("\(errors[0])" == "the header webhook-id is missing or empty")
    #expect("\(errors[4])" == "the timestamp is 301 s old")
  }
}
