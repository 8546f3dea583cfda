internal import FoundationEssentials
package import KeyRules
internal import Synchronization

/// Why credentials cannot be had from a row.
package enum WebhookVaultError: Error, Equatable, Sendable, CustomStringConvertible {
  case envelope(EnvelopeError)
  /// The envelope opened, and what was in it is not what this daemon writes.
  case unreadable

  package var description: String {
    switch self {
    case .envelope(.malformed): "the envelope is malformed"
    case .envelope(.unknownKey(let version)):
      "the envelope was sealed with key-encryption key \(version), which the keyring lacks"
    case .envelope(.refused): "the envelope was changed, or belongs to another row or revision"
    case .envelope(.cipher): "the cipher failed"
    case .unreadable: "the envelope holds no credentials"
    }
  }
}

/// Seals and opens the credentials of webhooks: each value for its row and the revision of it.
///
/// What was opened is remembered: opening costs more than everything else about reading a webhook.
struct WebhookVault: Sendable {
  let keyring: Keyring
  private let opened = OpenedCredentials()

  init(keyring: Keyring) { self.keyring = keyring }

  /// - Throws: ``WebhookVaultError``.
  func seal(
    _ credentials: WebhookCredentials, for lane: WebhookLane, revision: Int64
  ) throws(WebhookVaultError) -> [UInt8] {
    var clear: Data
    do {
      clear = try JSONEncoder().encode(credentials)
    } catch {
      // The error may quote a value.
      throw .unreadable
    }
    defer { clear.resetBytes(in: clear.startIndex..<clear.endIndex) }
    return try seal(clear.span, for: lane, revision: revision)
  }

  /// - Throws: ``WebhookVaultError``.
  func open(
    _ envelope: [UInt8], for lane: WebhookLane, revision: Int64
  ) throws(WebhookVaultError) -> WebhookCredentials {
    let key = OpenedCredentials.Key(envelope: Data(envelope), lane: lane, revision: revision)
    if let known = opened[key] { return known }
    let credentials = try reopen(envelope, for: lane, revision: revision)
    opened[key] = credentials
    return credentials
  }

  private func reopen(
    _ envelope: [UInt8], for lane: WebhookLane, revision: Int64
  ) throws(WebhookVaultError) -> WebhookCredentials {
    let secret = try unseal(envelope, for: lane, revision: revision)
    var bytes = secret.withBytes { span in
      var bytes: [UInt8] = []
      bytes.reserveCapacity(span.count)
      for index in span.indices { bytes.append(span[index]) }
      return bytes
    }
    var clear = Data(bytes)
    defer {
      clear.resetBytes(in: clear.startIndex..<clear.endIndex)
      for index in bytes.indices { bytes[index] = 0 }
    }
    do {
      return try JSONDecoder().decode(WebhookCredentials.self, from: clear)
    } catch {
      // The error may quote a value.
      throw .unreadable
    }
  }

  /// The same value sealed with the newest key. What is in it is not looked at.
  /// - Throws: ``WebhookVaultError`` `envelope`.
  func rewrap(
    _ envelope: [UInt8], for lane: WebhookLane, revision: Int64
  ) throws(WebhookVaultError) -> [UInt8] {
    let secret = try unseal(envelope, for: lane, revision: revision)
    return try secret.withBytes { bytes throws(WebhookVaultError) in
      try seal(bytes, for: lane, revision: revision)
    }
  }

  private func seal(
    _ clear: Span<UInt8>, for lane: WebhookLane, revision: Int64
  ) throws(WebhookVaultError) -> [UInt8] {
    do throws(EnvelopeError) {
      return try keyring.seal(clear, for: Self.context(lane, revision))
    } catch {
      throw .envelope(error)
    }
  }

  private func unseal(
    _ envelope: [UInt8], for lane: WebhookLane, revision: Int64
  ) throws(WebhookVaultError) -> Secret {
    do throws(EnvelopeError) {
      return try keyring.open(envelope, for: Self.context(lane, revision))
    } catch {
      throw .envelope(error)
    }
  }

  private static func context(_ lane: WebhookLane, _ revision: Int64) -> EnvelopeContext {
    EnvelopeContext(
      tenant: lane.tenant.description, table: "webhooks", column: "auth_credentials",
      row: lane.webhook.description, revision: revision)
  }
}

/// Credentials by the very envelope they were in, for the very row: another byte, row or revision is
/// another key, and has to be opened.
private final class OpenedCredentials: Sendable {
  /// Beyond it all are forgotten.
  private static let most = 4096

  struct Key: Hashable {
    // Not an array: those are compared byte by byte.
    let envelope: Data
    let lane: WebhookLane
    let revision: Int64

    /// Not of all the bytes: few envelopes of one webhook are ever known.
    func hash(into hasher: inout Hasher) {
      hasher.combine(lane.webhook)
      hasher.combine(revision)
    }
  }

  private let known = Mutex<[Key: WebhookCredentials]>([:])

  subscript(key: Key) -> WebhookCredentials? {
    get { known.withLock { $0[key] } }
    set {
      known.withLock { known in
        if known.count >= Self.most { known.removeAll() }
        known[key] = newValue
      }
    }
  }
}
