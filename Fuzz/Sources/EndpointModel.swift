internal import KeyRules

/// Patterns of endpoints beside a plain reading of what they say.
enum EndpointModel {
  static func run(_ input: inout FuzzInput) {
    let (patternText, endpointText) = (input.text(), input.text())
    let pattern = try? EndpointPattern(patternText)
    guard let endpoint = Endpoint(endpointText) else { return }
    let parts = segments(of: endpointText)
    promise(isSafe(parts), "an endpoint leads nowhere else: \(endpointText)")
    if let pattern {
      promise(
        pattern.matches(endpoint) == matches(patternText, endpointText),
        "\(patternText) and \(endpointText)")
    }
    if endpointText.utf8.contains(UInt8(ascii: " ")) {
      let all = promised("it is a pattern") { try EndpointPattern("* /**") }
      promise(all.matches(endpoint), "`* /**` matches every path")
    }
    // An endpoint without wildcards, escapes and query is a pattern of itself.
    guard !endpointText.utf8.contains(where: { "*{}%?".utf8.contains($0) }) else { return }
    let itself = promised("\(endpointText) is a pattern") { try EndpointPattern(endpointText) }
    promise(itself.matches(endpoint), "\(endpointText) matches itself")
  }

  /// The method, and the decoded segments of the path; for a name its two parts.
  private static func segments(of text: String) -> [[UInt8]] {
    let bytes = Array(text.utf8)
    guard let space = bytes.firstIndex(of: UInt8(ascii: " ")) else {
      return split(bytes[...])
    }
    let path = bytes[(space + 1)...].prefix { $0 != UInt8(ascii: "?") }.dropFirst()
    return [Array(bytes[...space])] + split(path).map(decoded)
  }

  private static func split(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
    if bytes.isEmpty { return [] }
    return bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map(Array.init)
  }

  private static func decoded(_ segment: [UInt8]) -> [UInt8] {
    var decoded: [UInt8] = []
    var rest = segment[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(digits, radix: 16) {
        decoded.append(value)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(byte)
      }
    }
    return decoded
  }

  /// Whether no reader of the path could go up, sideways or past its end.
  private static func isSafe(_ parts: [[UInt8]]) -> Bool {
    parts.dropFirst().allSatisfy { part in
      let name = part.prefix { $0 != UInt8(ascii: ";") }
      return !name.elementsEqual(".".utf8) && !name.elementsEqual("..".utf8)
        && part.allSatisfy { $0 >= 0x20 && $0 != 0x7F && !"/\\".utf8.contains($0) }
    }
  }

  private static func matches(_ pattern: String, _ endpoint: String) -> Bool {
    var wanted = segments(of: pattern)
    var given = segments(of: endpoint)
    let ofPath = pattern.utf8.contains(UInt8(ascii: " "))
    guard ofPath == endpoint.utf8.contains(UInt8(ascii: " ")) else { return false }
    if ofPath {
      let method = wanted.removeFirst()
      guard method == Array("* ".utf8) || method == given[0] else { return false }
      given.removeFirst()
      // Wildcards are those of the text, not what escapes stand for.
      let raw = split(Array(pattern.utf8).drop { $0 != UInt8(ascii: " ") }.dropFirst(2))
      return compare(raw, wanted, given)
    }
    return compare(wanted, wanted, given)
  }

  private static func compare(
    _ raw: [[UInt8]], _ wanted: [[UInt8]], _ given: [[UInt8]]
  ) -> Bool {
    for (index, part) in raw.enumerated() {
      if part == Array("**".utf8) { return given.count >= index }
      guard index < given.count else { return false }
      let isWildcard = part == Array("*".utf8) || part.first == UInt8(ascii: "{")
      guard isWildcard ? !given[index].isEmpty : wanted[index] == given[index] else {
        return false
      }
    }
    return raw.count == given.count
  }
}
