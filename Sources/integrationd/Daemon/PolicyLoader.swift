internal import Integrations
internal import Reactor

/// Reads the access policy that is configured, or makes the one that holds without a file.
struct PolicyLoader: Sendable {
  private static let maxBytes = 1_048_576
  /// The accounts of this host.
  static let accounts = AccountDirectory(
    uid: { Accounts.userID(of: $0) }, gid: { Accounts.groupID(of: $0) })

  /// Nil: no file.
  let path: String?

  /// - Throws: ``ConfigurationError`` naming file and line.
  func load() throws(ConfigurationError) -> AccessPolicy {
    guard let path else { return .ownUser(Accounts.effectiveUserID) }
    let bytes = try ConfigurationFiles.read(path, maxBytes: Self.maxBytes)
    do throws(SettingsError) {
      return try AccessPolicyFile.parse(bytes, file: path, accounts: Self.accounts)
    } catch {
      throw ConfigurationError(error.description)
    }
  }
}
