import Foundation

/// Lays JSON out over several lines. Members stay in their order and numbers as they were written,
/// which reading and writing them anew would change.
struct JSONLayout {
  /// Deeper nesting is left as it is: its indentation would be many times its size.
  static let maxDepth = 32

  private var laidOut: [UInt8] = []
  private var depth = 0
  private var isInText = false
  private var isEscaped = false
  /// Whether the container that was opened last is still empty.
  private var isFresh = false

  /// The text indented by two spaces; nil when it is no JSON object or array, or nested too deeply.
  static func pretty(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    guard let first = bytes.first(where: { !isBlank($0) }),
      first == UInt8(ascii: "{") || first == UInt8(ascii: "["), isJSON(bytes)
    else { return nil }
    var layout = JSONLayout()
    for byte in bytes {
      guard layout.depth <= maxDepth else { return nil }
      layout.take(byte)
    }
    return String(decoding: layout.laidOut, as: UTF8.self)
  }

  private mutating func take(_ byte: UInt8) {
    if isInText {
      laidOut.append(byte)
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isInText = false
      }
      return
    }
    guard !Self.isBlank(byte) else { return }
    switch byte {
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      depth -= 1
      if !isFresh { breakLine() }
      isFresh = false
      laidOut.append(byte)
    case UInt8(ascii: ","):
      laidOut.append(byte)
      breakLine()
    case UInt8(ascii: ":"):
      laidOut += [byte, UInt8(ascii: " ")]
    default:
      if isFresh { breakLine() }
      isFresh = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
      if isFresh { depth += 1 }
      isInText = byte == UInt8(ascii: "\"")
      laidOut.append(byte)
    }
  }

  private mutating func breakLine() {
    laidOut.append(UInt8(ascii: "\n"))
    laidOut += repeatElement(UInt8(ascii: " "), count: depth * 2)
  }

  private static func isJSON(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try JSONSerialization.jsonObject(with: Data(bytes))
      return true
    } catch {
      return false  // Whatever is wrong with it, it is shown as the text it is.
    }
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): true
    default: false
    }
  }
}
