/// Random numbers that are the same in each run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

extension SeededGenerator {
  /// A random JSON text with spaces, escapes and keys that are all different in their object.
  mutating func json(depth: Int = 4) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &self) {
    case 0: return "null"
    case 1: return "true"
    case 2: return "false"
    case 3:
      return ["0", "-0", "1", "1.0", "10e-1", "-12.50", "1E400", "1e-400", "123456789012345678901"]
        .randomElement(using: &self) ?? "0"
    case 4, 5: return string()
    case 6:
      let items = (0..<Int.random(in: 0...12, using: &self)).map { _ in json(depth: depth - 1) }
      return "[\(space())\(items.joined(separator: ",\(space())"))\(space())]"
    default:
      let members = (0..<Int.random(in: 0...12, using: &self)).map { index in
        "\(space())\"\(index)\(string().dropFirst()):\(space())\(json(depth: depth - 1))"
      }
      return "{\(members.joined(separator: ","))\(space())}"
    }
  }

  private mutating func space() -> String {
    ["", " ", "\t\r\n "].randomElement(using: &self) ?? ""
  }

  private mutating func string() -> String {
    let parts = ["a", "B", "é", "e\u{301}", "😀", "\\n", "\\\"", "\\u00e9", "\\ud83d\\ude00", "\\/"]
    let text = (0..<Int.random(in: 0...4, using: &self)).map { _ in
      parts.randomElement(using: &self) ?? "a"
    }
    return "\"\(text.joined())\""
  }
}
