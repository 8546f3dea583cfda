private import KeyRules

/// What a receiver holds.
package enum VerificationKey: Sendable, Equatable {
  case secret(SigningSecret)
  case publicKey(SigningPublicKey)
}

/// Checks received requests, as a receiver should.
///
/// Digests are compared in constant time. The time is a parameter, in whole seconds, so a request
/// sent exactly the tolerance ago passes, whatever the fraction of the second.
package struct SignatureVerifier: Sendable {
  /// Five minutes, as in all libraries of Standard Webhooks.
  package static let standardToleranceSeconds: Int64 = 300
  /// Signatures looked at in one request.
  package static let maxSignatures = 64

  package let profile: SignatureProfile
  private let keys: [VerificationKey]
  private let toleranceSeconds: Int64?

  /// - Parameters:
  ///   - keys: 1 to 10; a request passes when any of them signed it.
  ///   - toleranceSeconds: how far the timestamp may be from now, both ways; nil to take requests
  ///     of any age, for recorded ones.
  /// - Throws: ``SigningError`` `noSecret`, `tooManySecrets` or `unfitSecret`.
  package init(
    profile: SignatureProfile, keys: [VerificationKey],
    toleranceSeconds: Int64? = standardToleranceSeconds
  ) throws(SigningError) {
    guard !keys.isEmpty else { throw .noSecret }
    guard keys.count <= WebhookSigner.maxSecrets else { throw .tooManySecrets(keys.count) }
    for (index, key) in keys.enumerated() where !profile.accepts(key.kind) {
      throw .unfitSecret(index: index, kind: key.kind, profile: profile.name)
    }
    self.profile = profile
    self.keys = keys
    self.toleranceSeconds = toleranceSeconds
  }

  /// Checks a request.
  /// - Parameter headers: all of the request, in any order; names in either case.
  /// - Returns: which of the keys signed it.
  /// - Throws: ``VerificationError``.
  @discardableResult
  package func verify(
    _ headers: [SignatureHeader], body: [UInt8], nowUnixSeconds: Int64
  ) throws(VerificationError) -> Int {
    switch profile {
    case .standard:
      let id = try value(of: SignatureHeader.id, in: headers)
      let timestamp = try value(of: SignatureHeader.timestamp, in: headers)
      let signatures = try value(of: profile.headerName, in: headers)
      guard WebhookMessage.isID(id) else { throw .invalidID }
      try check(timestamp: timestamp, nowUnixSeconds: nowUnixSeconds)
      let content = SignedContent(id: id, timestamp: timestamp, body: body)
      return try match(StandardSignatures(signatures), with: content)
    case .stripe:
      let signatures = try StripeSignatures(value(of: profile.headerName, in: headers))
      try check(timestamp: signatures.timestamp, nowUnixSeconds: nowUnixSeconds)
      let content = SignedContent(timestamp: signatures.timestamp, body: body)
      return try match(signatures.codes) { $0.code(of: content.body, after: content.head) }
    case .github:
      let value = try value(of: profile.headerName, in: headers)
      let prefix = "sha256="
      guard value.utf8.starts(with: prefix.utf8) else { throw .malformedSignature }
      return try match(hex: value.utf8.dropFirst(prefix.utf8.count), body: body)
    case .bodyHex:
      return try match(hex: value(of: profile.headerName, in: headers).utf8[...], body: body)
    }
  }
}

extension SignatureVerifier {
  private func value(
    of name: String, in headers: [SignatureHeader]
  ) throws(VerificationError) -> String {
    var found: String?
    for header in headers where isSameHeader(header.name, name) {
      guard found == nil else { throw .repeatedHeader(name) }
      found = header.value
    }
    guard let found, !found.isEmpty else { throw .missingHeader(name) }
    return found
  }

  private func check(timestamp: String, nowUnixSeconds now: Int64) throws(VerificationError) {
    guard
      timestamp.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let sent = Int64(timestamp), WebhookMessage.timestamps.contains(sent)
    else { throw .invalidTimestamp }
    guard let toleranceSeconds else { return }
    let (difference, overflow) = now.subtractingReportingOverflow(sent)
    let age = overflow ? .min : difference  // `sent` is not negative: only a large past overflows.
    if age > toleranceSeconds { throw .tooOld(seconds: age) }
    if age < -toleranceSeconds { throw .tooNew(seconds: Int64(clamping: age.magnitude)) }
  }

  private func match(
    _ signatures: StandardSignatures, with content: SignedContent
  ) throws(VerificationError) -> Int {
    var joined: [UInt8]?
    for (index, key) in keys.enumerated() {
      if let publicKey = key.publicKey {
        guard !signatures.ed25519.isEmpty else { continue }
        let whole = joined ?? content.joined
        joined = whole
        if signatures.ed25519.contains(where: { publicKey.isValid($0, of: whole) }) {
          return index
        }
      } else if let macKey = key.standardMACKey {
        let expected = macKey.code(of: content.body, after: content.head)
        if isAny(of: signatures.codes, expected) { return index }
      }
    }
    throw .noMatch
  }

  private func match(
    hex: some Collection<UInt8>, body: [UInt8]
  ) throws(VerificationError) -> Int {
    guard let code = Hex.decode(hex), code.count == MACKey.codeLength else {
      throw .malformedSignature
    }
    return try match([code]) { $0.code(of: body) }
  }

  private func match(
    _ codes: [[UInt8]], expected: (MACKey) -> [UInt8]
  ) throws(VerificationError) -> Int {
    for (index, key) in keys.enumerated() {
      if let textKey = key.textKey, isAny(of: codes, expected(textKey)) { return index }
    }
    throw .noMatch
  }

  private func isAny(of codes: [[UInt8]], _ expected: [UInt8]) -> Bool {
    codes.contains { constantTimeEquals($0, expected) }
  }
}

extension VerificationKey {
  fileprivate var kind: SigningSecret.Kind {
    switch self {
    case .secret(let secret): secret.kind
    case .publicKey: .ed25519
    }
  }

  fileprivate var publicKey: SigningPublicKey? {
    switch self {
    case .secret(let secret): secret.publicKey
    case .publicKey(let key): key
    }
  }

  fileprivate var standardMACKey: MACKey? {
    if case .secret(let secret) = self, case .mac(let key) = secret.standardKey { key } else { nil }
  }

  fileprivate var textKey: MACKey? {
    if case .secret(let secret) = self { secret.textKey } else { nil }
  }
}
