internal import NetworkAddress

/// What a client calls, taken apart for matching: `GET /v1/students/7` or
/// `payments.v1.Payments/Charge`.
///
/// Percent escapes are decoded once. What different readers could take for different things is no
/// endpoint, so that no pattern matches it: an escaped `/`, control characters (raw or escaped),
/// broken escapes, backslashes, empty segments, and the segments `.` and `..` in any spelling, also
/// with parameters (`..;x`). A slash at the end makes an empty last segment, which only `**` and a
/// pattern that ends with a slash match. The query (`?` and what follows) is not looked at.
package struct Endpoint: Sendable, Hashable {
  /// The HTTP method; nil for `package.Service/Method`.
  let method: [UInt8]?
  /// The segments, decoded.
  let segments: [[UInt8]]

  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    if let space = bytes.firstIndex(of: UInt8(ascii: " ")) {
      guard Self.isMethod(bytes[..<space]) else { return nil }
      let target = bytes[(space + 1)...]
      let path = target.prefix { $0 != UInt8(ascii: "?") }
      guard path.first == UInt8(ascii: "/"), let segments = Self.segments(path.dropFirst()) else {
        return nil
      }
      self.method = Array(bytes[..<space])
      self.segments = segments
    } else {
      let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy(Self.isName) else { return nil }
      self.method = nil
      self.segments = parts.map(Array.init)
    }
  }

  /// Whether these bytes are an HTTP method: upper-case letters and hyphens between them.
  static func isMethod(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first, first != UInt8(ascii: "-"), bytes.count <= 32 else {
      return false
    }
    return bytes.allSatisfy { isUpper($0) || $0 == UInt8(ascii: "-") }
  }

  /// Whether these bytes are names joined by dots, as in `payments.v1.Payments`.
  static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy(isIdentifier)
  }

  /// Whether these bytes are a letter or underscore and then letters, digits and underscores.
  static func isIdentifier(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard let first = bytes.first, !isDigit(first) else { return false }
    return bytes.allSatisfy {
      isUpper($0) || isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        || $0 == UInt8(ascii: "_")
    }
  }

  /// The decoded segments of a path without its first slash; nil when it is not safe to compare.
  static func segments(_ path: ArraySlice<UInt8>) -> [[UInt8]]? {
    if path.isEmpty { return [] }
    var segments: [[UInt8]] = []
    let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      guard let segment = decoded(part), !isDots(segment) else { return nil }
      if segment.isEmpty, index < parts.count - 1 { return nil }
      segments.append(segment)
    }
    return segments
  }

  private static func decoded(_ part: ArraySlice<UInt8>) -> [UInt8]? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(part.count)
    var rest = part
    while let raw = rest.popFirst() {
      var byte = raw
      if raw == UInt8(ascii: "%") {
        guard
          let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit)
        else { return nil }
        byte = high << 4 | low
        if byte == UInt8(ascii: "/") { return nil }
      } else if raw == UInt8(ascii: " ") || raw == UInt8(ascii: "#") {
        return nil
      }
      if byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\\") { return nil }
      decoded.append(byte)
    }
    return decoded
  }

  private static func isDots(_ segment: [UInt8]) -> Bool {
    let name = segment.prefix { $0 != UInt8(ascii: ";") }
    return (1...2).contains(name.count) && name.allSatisfy { $0 == UInt8(ascii: ".") }
  }

  private static func isUpper(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
