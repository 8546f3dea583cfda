private import FoundationEssentials

/// The file a keyring rests in; ``KeyringDocument`` tells what it holds.
///
/// It must be a regular file that belongs to the daemon's user or to root and is closed to
/// everybody else (mode 0600 or less).
package enum KeyringFile {
  /// A file larger than this is not read.
  package static let maxBytes = 65_536

  /// Reads a keyring.
  /// - Parameter user: the daemon's effective user id.
  package static func load(path: String, user: UInt32) throws(KeyringError) -> Keyring {
    try read(path: path, user: user).keyring()
  }

  /// Reads a file to be changed.
  package static func read(path: String, user: UInt32) throws(KeyringError) -> KeyringDocument {
    try check(path: path, user: user)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadable(path: path, reason: "opening or reading it failed")
    }
    return try KeyringDocument(json: data, path: path)
  }

  private static func check(path: String, user: UInt32) throws(KeyringError) {
    let attributes: [FileAttributeKey: Any]
    do {
      attributes = try FileManager.default.attributesOfItem(atPath: path)
    } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
      throw .notFound(path: path)
    } catch {
      throw .unreadable(path: path, reason: reason(error))
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw .notRegularFile(path: path)
    }
    let mode = UInt16(truncatingIfNeeded: number(attributes[.posixPermissions]))
    guard mode & 0o077 == 0 else { throw .permissionsTooOpen(path: path, mode: mode) }
    let owner = UInt32(truncatingIfNeeded: number(attributes[.ownerAccountID]))
    guard owner == user || owner == 0 else { throw .foreignOwner(path: path, owner: owner) }
    guard (0...maxBytes).contains(number(attributes[.size])) else { throw .tooLarge(path: path) }
  }

  /// An attribute as a number: an integer, or an NSNumber as soon as anything in the process links
  /// Foundation. What is missing counts as -1, which no check lets pass.
  private static func number(_ attribute: Any?) -> Int {
    if let value = attribute as? any BinaryInteger { return Int(truncatingIfNeeded: value) }
    return attribute as? Int ?? -1
  }

  /// What the system said, without the paths and values that descriptions carry.
  private static func reason(_ error: any Error) -> String {
    if let error = error as? CocoaError { return "error \(error.code.rawValue)" }
    return "\(type(of: error))"
  }
}
