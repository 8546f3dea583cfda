internal import DeliveryRules
internal import KeyRules
internal import Signing

/// Everything of a webhook that is a secret or may be one. Rests encrypted as one value, in the column
/// `auth_credentials`; never printed.
///
/// Its JSON is the plaintext of that column: a key that is in use keeps its meaning.
struct WebhookCredentials: Codable, Hashable, Sendable {
  /// A signing secret, and when it signs.
  struct Secret: Codable, Hashable, Sendable {
    /// 1 for the first, one more at each rotation.
    var version: Int32
    /// Raw value of `SigningSecret.Kind`.
    var kind: String
    var text: String
    /// Unix time in microseconds.
    var createdAt: Int64
    /// When it stops signing; nil: not before it is replaced.
    var expiresAt: Int64?

    private enum CodingKeys: String, CodingKey {
      case version = "v", kind = "k", text = "s", createdAt = "c", expiresAt = "e"
    }
  }

  /// A header of every request.
  struct Header: Codable, Hashable, Sendable {
    var name: String
    var value: String

    private enum CodingKeys: String, CodingKey {
      case name = "n", value = "v"
    }
  }

  /// For basic.
  var username: String?
  var password: String?
  /// For bearer.
  var token: String?
  /// For hmac, newest first; those that have expired go at the next rotation.
  var secrets: [Secret] = []
  /// In the order they are sent in.
  var headers: [Header] = []

  private enum CodingKeys: String, CodingKey {
    case username = "u", password = "p", token = "t", secrets = "s", headers = "h"
  }
}

extension WebhookCredentials {
  /// The secrets that sign at a moment, newest first.
  func liveSecrets(at now: UnixTime) -> [Secret] {
    secrets.filter { secret in secret.expiresAt.map { $0 > now.microseconds } ?? true }
  }

  /// Puts a new secret first; the others sign until `end`, if not less long already.
  mutating func rotate(to secret: SigningSecret, at now: UnixTime, overlapEnd end: UnixTime) {
    let version = (secrets.map(\.version).max() ?? 0) + 1
    secrets = liveSecrets(at: now).map { old in
      var old = old
      old.expiresAt = min(old.expiresAt ?? .max, end.microseconds)
      return old
    }
    secrets = liveSecrets(at: now)
    secrets.insert(Secret(secret, version: version, createdAt: now), at: 0)
  }

  /// The headers as the rules of deliveries take them.
  var customHeaders: [CustomHeader] {
    get { headers.map { CustomHeader(name: $0.name, value: $0.value) } }
    set { headers = newValue.map { Header(name: $0.name, value: $0.value) } }
  }
}

extension WebhookCredentials.Secret {
  init(_ secret: SigningSecret, version: Int32, createdAt: UnixTime) {
    self.version = version
    kind = secret.kind.rawValue
    text = secret.text.reveal()
    self.createdAt = createdAt.microseconds
    expiresAt = nil
  }

  /// Nil for what could not have been stored.
  var signingSecret: SigningSecret? {
    guard let kind = SigningSecret.Kind(rawValue: kind) else { return nil }
    do {
      return try SigningSecret(text, kind: kind)
    } catch {
      return nil
    }
  }
}

extension WebhookCredentials: CustomStringConvertible, CustomReflectable {
  var description: String { "[redacted]" }
  var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

extension WebhookCredentials.Secret: CustomStringConvertible, CustomReflectable {
  var description: String { "signing secret \(version)" }
  var customMirror: Mirror { Mirror(self, children: ["version": version]) }
}

extension WebhookCredentials.Header: CustomStringConvertible, CustomReflectable {
  var description: String { "\(name): [redacted]" }
  var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}
