import ProtobufC

/// proto3 JSON, one line.
enum JSON {
  static func text(of message: some Message) throws -> String {
    printable(String(decoding: try message.jsonUTF8(), as: UTF8.self))
  }

  /// The same JSON on one line, with `\u` escapes for what a terminal would obey. Such characters
  /// are left inside of strings only, where the escape means the same.
  static func printable(_ json: String) -> String {
    guard json.unicodeScalars.contains(where: TerminalText.isObeyed) else { return json }
    return json.unicodeScalars.reduce(into: "") { text, scalar in
      guard TerminalText.isObeyed(scalar) else { return text.unicodeScalars.append(scalar) }
      for unit in String(Character(scalar)).utf16 {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
  }
}
