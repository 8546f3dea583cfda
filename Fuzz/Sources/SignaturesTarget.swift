internal import KeyRules
internal import Signing

/// Signatures: what was signed verifies, anything else does not; and the texts around them.
///
/// Input: what to try, and lines for it.
enum SignaturesTarget: FuzzTarget {
  static func run(_ input: FuzzInput) {
    var input = input
    switch input.byte() % 4 {
    case 0: signed(&input)
    case 1: forged(&input)
    case 2: secret(&input)
    default: HeaderRules.run(&input)
    }
  }

  private static let profiles: [SignatureProfile] = [
    .standard, .github, .stripe, .bodyHex(header: .standard),
  ]

  /// Signs a message, and changes one thing about it.
  private static func signed(_ input: inout FuzzInput) {
    let profile = profiles[Int(input.byte() % 4)]
    let isAsymmetric = input.byte() & 1 == 1 && profile == .standard
    let (place, change) = (input.word(), input.byte())
    var numbers = SeededNumbers(input.bytes(4))
    let secret: SigningSecret =
      isAsymmetric ? .generateEd25519(using: &numbers) : .generateSymmetric(using: &numbers)
    let id = input.text()
    let time = Int64(input.word()) << 16 | Int64(input.word())
    let body = input.all()
    guard let message = try? WebhookMessage(id: id, timestampUnixSeconds: time, body: body) else {
      promise(!WebhookMessage.isID(id), "every good id and time makes a message")
      return
    }
    let headers = promised("it is signed") {
      try WebhookSigner(profile: profile, secrets: [secret]).headers(for: message)
    }
    let key: VerificationKey = secret.publicKey.map { .publicKey($0) } ?? .secret(secret)
    let verifier = promised("the key fits") {
      try SignatureVerifier(profile: profile, keys: [key])
    }
    promise(
      promised("what was signed verifies") {
        try verifier.verify(headers.reversed(), body: body, nowUnixSeconds: time + 300)
      } == 0, "the first key signed")
    refuses("another body", verifier, headers, changed(body, place, change), time)
    refuses("a longer body", verifier, headers, body + [change], time)
    if profile == .standard || profile == .stripe {
      refuses("an old message", verifier, headers, body, time + 301)
      refuses("a message of the future", verifier, headers, body, time - 301)
    }
    let other = SigningSecret.generateSymmetric(using: &numbers)
    let stranger = promised("the key fits") {
      try SignatureVerifier(profile: profile, keys: [.secret(other)])
    }
    refuses("another secret", stranger, headers, body, time)
    for index in headers.indices where profile == .standard || index == 2 {
      var forged = headers
      let value = Array(headers[index].value.utf8)
      let new = changed(value, place, change)
      // Hexadecimal digits may have either case.
      if new.map(lower) == value.map(lower) { continue }
      forged[index].value = String(decoding: new, as: UTF8.self)
      refuses("another \(headers[index].name)", verifier, forged, body, time)
    }
  }

  /// Any headers at all: without the signature itself nothing verifies.
  private static func forged(_ input: inout FuzzInput) {
    let profile = profiles[Int(input.byte() % 4)]
    var numbers = SeededNumbers([1])
    var secrets = [SigningSecret.generateSymmetric(using: &numbers)]
    if profile == .standard { secrets.append(.generateEd25519(using: &numbers)) }
    let verifier = promised("the keys fit") {
      try SignatureVerifier(
        profile: profile, keys: secrets.map { .secret($0) }, toleranceSeconds: nil)
    }
    let headers = [SignatureHeader.id, SignatureHeader.timestamp, profile.headerName].map {
      SignatureHeader(name: $0, value: input.text())
    }
    refuses("what nobody signed", verifier, headers, input.all(), 0)
  }

  private static func refuses(
    _ what: String, _ verifier: SignatureVerifier, _ headers: [SignatureHeader], _ body: [UInt8],
    _ now: Int64
  ) {
    do throws(VerificationError) {
      try verifier.verify(headers, body: body, nowUnixSeconds: now)
    } catch {
      promise(!error.description.isEmpty, "a refusal says why")
      return
    }
    fatalError("BROKEN: \(what) verifies: \(headers)")
  }

  private static func secret(_ input: inout FuzzInput) {
    let kind = SigningSecret.Kind.allCases[Int(input.byte() % 3)]
    let text = input.text()
    if let secret = try? SigningSecret(text, kind: kind) {
      promise(secret.text.reveal().utf8.elementsEqual(text.utf8), "a secret keeps its text")
      promise(
        promised("it is read again") { try SigningSecret(secret.text, kind: kind) } == secret,
        "a secret survives being stored")
      promise(text.utf8.suffix(4).elementsEqual(secret.lastFour.utf8), "the last four are its own")
      promise(!"\(secret) \(String(reflecting: secret))".contains(text), "a secret is not printed")
      promise((secret.publicKey != nil) == (kind == .ed25519), "only pairs have a public half")
    }
    guard let key = try? SigningPublicKey(text) else { return }
    promise(key.bytes.count == SigningPublicKey.length, "a public key has its length")
    promise(
      key.text == text || key.text == SigningPublicKey.prefix + text, "one key has one text")
    promise(!key.isValid(Array(text.utf8.prefix(64)), of: [1]), "nobody signed that")
  }

  /// One byte of `bytes` changed, or one more.
  private static func changed(_ bytes: [UInt8], _ place: Int, _ change: UInt8) -> [UInt8] {
    guard !bytes.isEmpty else { return [change] }
    var new = bytes
    new[place % bytes.count] ^= change == 0 ? 1 : change
    return new
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(byte) ? byte | 0x20 : byte
  }
}
