/// Bytes as `hexdump -C` shows them: offset, sixteen bytes, those of them that are visible ASCII.
enum HexDump {
  static func lines(_ bytes: [UInt8]) -> [String] {
    stride(from: 0, to: bytes.count, by: 16).map { start in
      let row = bytes[start..<min(start + 16, bytes.count)]
      let left = row.prefix(8).map { digits($0, width: 2) }.joined(separator: " ")
      let right = row.dropFirst(8).map { digits($0, width: 2) }.joined(separator: " ")
      let shown = String(
        String.UnicodeScalarView(
          row.map { (0x20..<0x7F).contains($0) ? Unicode.Scalar($0) : "." }))
      return "\(digits(start, width: 8))  \(padded(left))  \(padded(right))  |\(shown)|"
    }
  }

  private static func digits(_ value: some BinaryInteger, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Eight bytes wide.
  private static func padded(_ cells: String) -> String {
    cells + String(repeating: " ", count: 23 - cells.count)
  }
}
