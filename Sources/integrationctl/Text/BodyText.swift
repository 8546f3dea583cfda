/// The body of a request or response, as a terminal may show it: JSON laid out, other text line by
/// line with control characters escaped, anything else as a dump of its bytes.
enum BodyText {
  /// Bytes of a dump; `--json` has them all.
  static let maxDumpedBytes = 4096

  /// - Parameter isTruncated: whether the end of the body is missing, so that the last character
  ///   may be cut in two.
  static func lines(_ bytes: [UInt8], isTruncated: Bool = false) -> [String] {
    let end = isTruncated ? ["(cut off here: there was more)"] : []
    guard !bytes.isEmpty else { return isTruncated ? end : ["(no body)"] }
    if let text = text(bytes, isTruncated: isTruncated) {
      return TerminalText.lines(JSONLayout.pretty(text) ?? text) + end
    }
    let hidden = bytes.count - maxDumpedBytes
    return HexDump.lines(Array(bytes.prefix(maxDumpedBytes)))
      + (hidden > 0 ? ["(and \(hidden) bytes)"] : []) + end
  }

  /// UTF-8 without NUL, which no text has.
  private static func text(_ bytes: [UInt8], isTruncated: Bool) -> String? {
    guard !bytes.contains(0) else { return nil }
    for missing in 0...(isTruncated ? 3 : 0) where missing < bytes.count {
      if let text = String(validating: bytes.dropLast(missing), as: UTF8.self) { return text }
    }
    return nil
  }
}
