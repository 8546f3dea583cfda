private import Crypto
private import FoundationEssentials

/// The file a keyring rests in, as JSON:
///
///     {"format": 1, "keys": [{"purpose": "pepper", "version": 1, "key": "<32 bytes, base64>"}, ...]}
///
/// It must be a regular file that belongs to the daemon's user or to root and is closed to
/// everybody else (mode 0600 or less). A new version is added by hand or by tools; nothing here
/// ever changes a file that exists.
package enum KeyringFile {
  /// A file larger than this is not read.
  package static let maxBytes = 65_536

  /// Reads a keyring.
  /// - Parameter user: the daemon's effective user id.
  package static func load(path: String, user: UInt32) throws(KeyringError) -> Keyring {
    try check(path: path, user: user)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .unreadable(path: path, reason: "opening or reading it failed")
    }
    let contents: Contents
    do {
      contents = try JSONDecoder().decode(Contents.self, from: data)
    } catch {
      // The decoder's own words could quote the file.
      throw .malformed(path: path, reason: "it is not the JSON of a keyring")
    }
    guard contents.format == 1 else {
      throw .malformed(path: path, reason: "format \(contents.format) is unknown")
    }
    var keys: [MasterKey] = []
    for entry in contents.keys {
      guard let purpose = KeyPurpose(rawValue: entry.purpose) else {
        throw .malformed(path: path, reason: "there is a key for an unknown purpose")
      }
      guard let key = Data(base64Encoded: entry.key) else {
        throw .malformed(
          path: path, reason: "\(entry.purpose) version \(entry.version) is not base64")
      }
      guard key.count == MasterKey.length else { throw .wrongLength(purpose, entry.version) }
      keys.append(
        MasterKey(purpose: purpose, version: entry.version, key: SymmetricKey(data: key)))
    }
    return try Keyring(keys)
  }

  /// Reads a keyring, or makes one when there is none. When two daemons do this at once, both end
  /// with the same ring.
  package static func loadOrCreate(path: String, user: UInt32) throws(KeyringError) -> Keyring {
    do {
      return try load(path: path, user: user)
    } catch .notFound {
      do {
        try create(path: path)
      } catch .alreadyExists {
        // Another daemon was faster: its ring is as good.
      }
      return try load(path: path, user: user)
    }
  }

  /// Writes a new ring with one key for each purpose, complete and with mode 0600 from the moment
  /// it is seen under its name.
  /// - Throws: ``KeyringError`` `alreadyExists`, `unwritable`.
  package static func create(path: String) throws(KeyringError) {
    let files = FileManager.default
    // Data is written inside a directory closed to others, so that nobody can open the file before
    // its own mode is set; link(2) then refuses to replace what exists, where rename(2) would not.
    let workshop = "\(path).new-\(UUID().uuidString)"
    let draft = "\(workshop)/keyring"
    do {
      try files.createDirectory(
        atPath: workshop, withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o700])
    } catch {
      throw .unwritable(path: path, reason: "making \(workshop) failed: \(reason(error))")
    }
    // A leftover of a failed removal holds only a key that nothing was stored with.
    defer { try? files.removeItem(atPath: workshop) }
    do {
      try freshContents().write(to: URL(filePath: draft), options: .withoutOverwriting)
      try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: draft)
    } catch {
      throw .unwritable(path: path, reason: reason(error))
    }
    do {
      try files.linkItem(atPath: draft, toPath: path)
    } catch {
      if isThere(path) { throw .alreadyExists(path: path) }
      throw .unwritable(path: path, reason: reason(error))
    }
  }

  private static func freshContents() throws -> Data {
    var entries: [Contents.Entry] = []
    for purpose in KeyPurpose.allCases {
      var generator = SystemRandomNumberGenerator()
      let key = (0..<MasterKey.length).map { _ in UInt8.random(in: .min ... .max, using: &generator)
      }
      entries.append(
        Contents.Entry(
          purpose: purpose.rawValue, version: 1, key: Data(key).base64EncodedString()))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(Contents(format: 1, keys: entries))
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

  private static func isThere(_ path: String) -> Bool {
    do {
      _ = try FileManager.default.attributesOfItem(atPath: path)
      return true
    } catch {
      return false
    }
  }

  /// What the system said, without the paths and values that descriptions carry.
  private static func reason(_ error: any Error) -> String {
    if let error = error as? CocoaError { return "error \(error.code.rawValue)" }
    return "\(type(of: error))"
  }
}

private struct Contents: Codable {
  struct Entry: Codable {
    var purpose: String
    var version: Int32
    /// 32 bytes, base64.
    var key: String
  }

  var format: Int
  var keys: [Entry]
}
