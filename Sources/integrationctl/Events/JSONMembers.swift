import Foundation

/// The members of a JSON object with their values as they were written: reading and writing them
/// anew would change numbers and order. Whether a value is JSON is left to whoever reads it.
struct JSONMembers {
  private(set) var members: [(name: String, value: ArraySlice<UInt8>)] = []

  private let bytes: [UInt8]
  private var at = 0

  /// Nil when `bytes` are not an object.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    guard take(UInt8(ascii: "{")) else { return nil }
    if !take(UInt8(ascii: "}")) {
      repeat {
        guard let name = next(), let text = Self.text(name), take(UInt8(ascii: ":")),
          let value = next()
        else { return nil }
        members.append((text, value))
      } while take(UInt8(ascii: ","))
      guard take(UInt8(ascii: "}")) else { return nil }
    }
    skipBlanks()
    guard at == bytes.count else { return nil }
  }

  /// What a JSON string says; nil for another value.
  static func text(_ value: ArraySlice<UInt8>) -> String? {
    guard value.first == UInt8(ascii: "\"") else { return nil }
    do {
      return try JSONDecoder().decode(String.self, from: Data(value))
    } catch {
      return nil  // A wrong escape, or no UTF-8: it says nothing.
    }
  }

  static func isBlank(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): true
    default: false
    }
  }

  private mutating func skipBlanks() {
    while at < bytes.count, Self.isBlank(bytes[at]) { at += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipBlanks()
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  /// A value as far as it reaches: a string, brackets with all inside, or all up to what ends it.
  private mutating func next() -> ArraySlice<UInt8>? {
    skipBlanks()
    let start = at
    var depth = 0
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""):
        guard skipText() else { return nil }
        if depth == 0 { return bytes[start..<at] }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 0 { return at > start ? bytes[start..<at] : nil }
        depth -= 1
        if depth == 0 {
          at += 1
          return bytes[start..<at]
        }
      case let byte where depth == 0 && (byte == UInt8(ascii: ",") || Self.isBlank(byte)):
        return at > start ? bytes[start..<at] : nil
      default: break
      }
      at += 1
    }
    return nil
  }

  private mutating func skipText() -> Bool {
    at += 1
    while at < bytes.count {
      defer { at += 1 }
      switch bytes[at] {
      case UInt8(ascii: "\\"): at += 1
      case UInt8(ascii: "\""): return true
      default: break
      }
    }
    return false
  }
}
