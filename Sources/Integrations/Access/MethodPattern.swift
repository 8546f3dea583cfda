/// Methods by name: `integration.v1.ApiKeyService/Get*`. `*` stands for any run of characters.
package struct MethodPattern: Hashable, Sendable {
  package let text: String

  /// Nil unless it is 1 to 200 letters, digits, `.`, `_`, `*` around one `/`, or just `*`.
  package init?(_ text: String) {
    let allowed: (UInt8) -> Bool = { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "*"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
    let slashes = text.utf8.count { $0 == UInt8(ascii: "/") }
    guard (1...200).contains(text.utf8.count), text.utf8.allSatisfy(allowed),
      text == "*" || slashes == 1
    else { return nil }
    self.text = text
  }

  /// Whether `method` (`SERVICE/METHOD`) is meant. Time: pattern x method at worst, both short.
  package func matches(_ method: String) -> Bool {
    let pattern = Array(text.utf8)
    let name = Array(method.utf8)
    var inPattern = 0
    var inName = 0
    // Where to go on from when a guess about the last `*` was wrong.
    var afterStar: (pattern: Int, name: Int)?
    while inName < name.count {
      if inPattern < pattern.count, pattern[inPattern] == UInt8(ascii: "*") {
        afterStar = (inPattern + 1, inName)
        inPattern += 1
      } else if inPattern < pattern.count, pattern[inPattern] == name[inName] {
        inPattern += 1
        inName += 1
      } else if let star = afterStar {
        afterStar = (star.pattern, star.name + 1)
        inPattern = star.pattern
        inName = star.name + 1
      } else {
        return false
      }
    }
    return pattern[inPattern...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
