/// Signs the requests of one webhook.
///
/// Made once per set of secrets: reading and checking them costs more than signing.
package struct WebhookSigner: Sendable {
  /// Secrets that may sign at once.
  package static let maxSecrets = 10

  package let profile: SignatureProfile
  private let secrets: [SigningSecret]

  /// - Parameter secrets: 1 to 10, the newest first. Profiles with room for one signature use the
  ///   first only.
  /// - Throws: ``SigningError`` `noSecret`, `tooManySecrets` or `unfitSecret`.
  package init(
    profile: SignatureProfile, secrets: [SigningSecret]
  ) throws(SigningError) {
    guard !secrets.isEmpty else { throw .noSecret }
    guard secrets.count <= Self.maxSecrets else { throw .tooManySecrets(secrets.count) }
    for (index, secret) in secrets.enumerated() where !profile.accepts(secret.kind) {
      throw .unfitSecret(index: index, kind: secret.kind, profile: profile.name)
    }
    self.profile = profile
    self.secrets = secrets
  }

  /// What to send with the message, in this order: id, timestamp, signature.
  ///
  /// The body is hashed where it lies; only Ed25519 needs a copy of it, one for all secrets.
  /// - Throws: ``SigningError`` `cipher`.
  package func headers(for message: WebhookMessage) throws(SigningError) -> [SignatureHeader] {
    let value =
      switch profile {
      case .standard: try standardSignatures(of: message)
      case .github: "sha256=" + Hex.text(secrets[0].textKey.code(of: message.body))
      case .stripe: stripeSignatures(of: message)
      case .bodyHex: Hex.text(secrets[0].textKey.code(of: message.body))
      }
    return message.identity + [SignatureHeader(name: profile.headerName, value: value)]
  }

  private func standardSignatures(of message: WebhookMessage) throws(SigningError) -> String {
    let content = SignedContent(
      id: message.id, timestamp: "\(message.timestampUnixSeconds)", body: message.body)
    var joined: [UInt8]?
    var signatures: [String] = []
    for secret in secrets {
      switch secret.standardKey {
      case .mac(let key):
        signatures.append("v1," + Base64.text(key.code(of: content.body, after: content.head)))
      case .pair(let pair):
        let whole = joined ?? content.joined
        joined = whole
        signatures.append("v1a," + Base64.text(try pair.signature(of: whole)))
      case .none: continue
      }
    }
    return signatures.joined(separator: " ")
  }

  private func stripeSignatures(of message: WebhookMessage) -> String {
    let content = SignedContent(timestamp: "\(message.timestampUnixSeconds)", body: message.body)
    return secrets.reduce("t=\(message.timestampUnixSeconds)") { list, secret in
      list + ",v1=" + Hex.text(secret.textKey.code(of: content.body, after: content.head))
    }
  }
}
