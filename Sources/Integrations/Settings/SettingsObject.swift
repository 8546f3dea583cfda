/// An object of a settings file with typed access; a key nobody knows is an error that names it.
package struct SettingsObject: Sendable {
  package let file: String
  package let line: Int
  private let members: [String: SettingsValue.Member]

  /// - Parameters:
  ///   - known: every key the object may have.
  ///   - noun: what the object is, for messages: `a caller`.
  /// - Throws: ``SettingsError`` when `value` is no object or has an unknown key.
  package init(
    _ value: SettingsValue, known: [String], file: String, noun: String
  ) throws(SettingsError) {
    guard case .object(let members) = value.kind else {
      throw SettingsError(
        file: file, line: value.line, "\(noun) must be an object, not \(value.noun)")
    }
    for member in members where !known.contains(member.key) {
      throw SettingsError(
        file: file, line: member.line,
        "unknown key \"\(member.key)\"; known: \(known.joined(separator: ", "))")
    }
    self.file = file
    self.line = value.line
    self.members = Dictionary(members.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Line of a key, or of the object when it has none.
  package func line(of key: String) -> Int { members[key]?.line ?? line }

  /// A fault of a key's value.
  package func fault(_ key: String, _ message: String) -> SettingsError {
    SettingsError(file: file, line: line(of: key), "\"\(key)\" \(message)")
  }

  package func has(_ key: String) -> Bool { members[key] != nil }

  /// The value of a key; nil when absent or null.
  package func value(_ key: String) -> SettingsValue? {
    guard let value = members[key]?.value else { return nil }
    if case .null = value.kind { return nil }
    return value
  }

  package func string(_ key: String) throws(SettingsError) -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value.kind else {
      throw fault(key, "must be a string, not \(value.noun)")
    }
    return text
  }

  /// The value of a key as text: a string as it is, a number or a truth value as it is written, an
  /// array of strings joined by commas.
  package func text(_ key: String) throws(SettingsError) -> String? {
    guard let value = value(key) else { return nil }
    switch value.kind {
    case .string(let text): return text
    case .integer(let number): return "\(number)"
    case .bool(let bool): return "\(bool)"
    case .array: return try strings(key)?.map(\.text).joined(separator: ",")
    case .null, .object: throw fault(key, "must be a string, not \(value.noun)")
    }
  }

  package func integer(
    _ key: String, in range: ClosedRange<Int64>
  ) throws(SettingsError) -> Int64? {
    guard let value = value(key) else { return nil }
    guard case .integer(let number) = value.kind else {
      throw fault(key, "must be a number, not \(value.noun)")
    }
    guard range.contains(number) else {
      throw fault(key, "must be from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  package func array(_ key: String) throws(SettingsError) -> [SettingsValue]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value.kind else {
      throw fault(key, "must be an array, not \(value.noun)")
    }
    return elements
  }

  /// An array of strings, each with its line.
  package func strings(
    _ key: String
  ) throws(SettingsError) -> [(text: String, line: Int)]? {
    guard let elements = try array(key) else { return nil }
    var strings: [(text: String, line: Int)] = []
    for element in elements {
      guard case .string(let text) = element.kind else {
        throw SettingsError(
          file: file, line: element.line, "\"\(key)\" must hold strings, not \(element.noun)")
      }
      strings.append((text, element.line))
    }
    return strings
  }
}
