/// The types that `type` allows.
struct TypeSet: OptionSet, Sendable {
  let rawValue: UInt8

  static let null = TypeSet(rawValue: 1)
  static let boolean = TypeSet(rawValue: 2)
  static let integer = TypeSet(rawValue: 4)
  static let number = TypeSet(rawValue: 8)
  static let string = TypeSet(rawValue: 16)
  static let array = TypeSet(rawValue: 32)
  static let object = TypeSet(rawValue: 64)

  private static let names: [(name: String, phrase: String, type: TypeSet)] = [
    ("null", "null", .null), ("boolean", "a boolean", .boolean),
    ("integer", "an integer", .integer), ("number", "a number", .number),
    ("string", "a string", .string), ("array", "an array", .array),
    ("object", "an object", .object),
  ]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The type of that name; nil when there is none.
  init?(name: String) {
    guard let entry = Self.names.first(where: { $0.name == name }) else { return nil }
    self = entry.type
  }

  func allows(_ node: Int, of document: JSONDocument) -> Bool {
    switch document.nodes[node].kind {
    case .null: contains(.null)
    case .false, .true: contains(.boolean)
    case .string: contains(.string)
    case .array: contains(.array)
    case .object: contains(.object)
    case .number:
      contains(.number) || contains(.integer) && document.number(at: node).isInteger
    }
  }

  /// Completes "must be ".
  var phrase: String {
    Self.names.filter { contains($0.type) }.map(\.phrase).joined(separator: " or ")
  }
}
