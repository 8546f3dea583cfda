internal import FoundationEssentials

/// Reads the files that configuration names.
enum ConfigurationFiles {
  /// - Throws: ``ConfigurationError`` when the file is missing, unreadable or too large.
  static func read(_ path: String, maxBytes: Int) throws(ConfigurationError) -> [UInt8] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
      // Why it cannot be looked at does not matter: there is one thing to do about it.
      throw ConfigurationError("\(path): there is no such file, or it may not be looked at")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw ConfigurationError("\(path): is not a regular file")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError("\(path): cannot be read by this user")
    }
    guard data.count <= maxBytes else {
      throw ConfigurationError("\(path): is larger than \(maxBytes) bytes")
    }
    return Array(data)
  }
}
