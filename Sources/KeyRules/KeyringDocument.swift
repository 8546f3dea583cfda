private import Crypto
package import FoundationEssentials

/// What a keyring file holds, as JSON:
///
///     {
///       "format": 1,
///       "keys": [{"purpose": "pepper", "version": 1, "key": "<32 bytes, base64>"}, ...],
///       "primary": {"pepper": 1, ...}
///     }
///
/// A purpose that `primary` does not name has its newest key for one.
package struct KeyringDocument: Sendable {
  private var contents: Contents

  /// A new ring with one key for each purpose.
  package init() {
    contents = Contents(format: 1, keys: [])
    for purpose in KeyPurpose.allCases {
      contents.keys.append(Contents.Entry(new: purpose, version: 1))
      primary[purpose.rawValue] = 1
    }
  }

  /// Reads a file's content; whether its keys make a ring shows ``keyring()``.
  /// - Parameter path: for the error.
  /// - Throws: ``KeyringError`` `malformed`.
  package init(json: Data, path: String) throws(KeyringError) {
    do {
      contents = try JSONDecoder().decode(Contents.self, from: json)
    } catch {
      // The decoder's own words could quote the file.
      throw .malformed(path: path, reason: "it is not the JSON of a keyring")
    }
    guard contents.format == 1 else {
      throw .malformed(path: path, reason: "format \(contents.format) is unknown")
    }
    let names = contents.keys.map(\.purpose) + primary.keys
    guard names.allSatisfy({ KeyPurpose(rawValue: $0) != nil }) else {
      throw .malformed(path: path, reason: "there is a key for an unknown purpose")
    }
    for entry in contents.keys where Data(base64Encoded: entry.key) == nil {
      throw .malformed(
        path: path, reason: "\(entry.purpose) version \(entry.version) is not base64")
    }
  }

  package func keyring() throws(KeyringError) -> Keyring {
    var keys: [MasterKey] = []
    for entry in contents.keys {
      // Both were checked when it was read.
      guard let purpose = KeyPurpose(rawValue: entry.purpose),
        let key = Data(base64Encoded: entry.key)
      else { continue }
      guard key.count == MasterKey.length else { throw .wrongLength(purpose, entry.version) }
      keys.append(
        MasterKey(purpose: purpose, version: entry.version, key: SymmetricKey(data: key)))
    }
    var versions: [KeyPurpose: Int32] = [:]
    for purpose in KeyPurpose.allCases {
      versions[purpose] = primary[purpose.rawValue]
    }
    return try Keyring(keys, primary: versions)
  }

  /// Adds a new key that is not primary yet.
  /// - Returns: its version, one more than the newest.
  package mutating func add(_ purpose: KeyPurpose) throws(KeyringError) -> Int32 {
    guard let newest = newestVersion(of: purpose) else { throw .missing(purpose) }
    let (version, isTooGreat) = newest.addingReportingOverflow(1)
    guard !isTooGreat else { throw .invalidVersion(purpose, version) }
    // Said in so many words from now on: the newest is no longer the primary one.
    if primary[purpose.rawValue] == nil { primary[purpose.rawValue] = newest }
    contents.keys.append(Contents.Entry(new: purpose, version: version))
    return version
  }

  /// Makes a key primary, an older one too.
  /// - Throws: ``KeyringError`` `missingPrimary`.
  package mutating func promote(
    _ purpose: KeyPurpose, version: Int32
  ) throws(KeyringError) {
    let isThere = contents.keys.contains {
      $0.purpose == purpose.rawValue && $0.version == version
    }
    guard isThere else { throw .missingPrimary(purpose, version) }
    primary[purpose.rawValue] = version
  }

  /// The content of a file.
  package func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(contents))
  }

  private var primary: [String: Int32] {
    get { contents.primary ?? [:] }
    set { contents.primary = newValue }
  }

  private func newestVersion(of purpose: KeyPurpose) -> Int32? {
    contents.keys.filter { $0.purpose == purpose.rawValue }.map(\.version).max()
  }
}

extension KeyringDocument: CustomStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

private struct Contents: Codable {
  struct Entry: Codable {
    var purpose: String
    var version: Int32
    /// 32 bytes, base64.
    var key: String

    /// With a new key from the system's cryptographic random number generator.
    init(new purpose: KeyPurpose, version: Int32) {
      var generator = SystemRandomNumberGenerator()
      let key = (0..<MasterKey.length).map { _ in
        UInt8.random(in: .min ... .max, using: &generator)
      }
      self.purpose = purpose.rawValue
      self.version = version
      self.key = Data(key).base64EncodedString()
    }
  }

  var format: Int
  var keys: [Entry]
  var primary: [String: Int32]?
}
