package import FoundationEssentials

extension UUID {
  /// All zeroes.
  package static let nilUUID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

  /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, hexadecimal of either case, and no other form
  /// (RFC 9562 §4).
  package init?(strict text: String) {
    let hyphens: Set<Int> = [8, 13, 18, 23]
    guard text.utf8.count == 36 else { return nil }
    for (index, byte) in text.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "-"): guard hyphens.contains(index) else { return nil }
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
        UInt8(ascii: "A")...UInt8(ascii: "F"):
        guard !hyphens.contains(index) else { return nil }
      default: return nil
      }
    }
    self.init(uuidString: text)
  }

  /// Lower case, as the contract writes ids.
  package var text: String { uuidString.lowercased() }
}

extension UUID {
  /// The sixteen bytes, in the order of the text.
  package var bytes: [UInt8] {
    let u = uuid
    return [
      u.0, u.1, u.2, u.3, u.4, u.5, u.6, u.7, u.8, u.9, u.10, u.11, u.12, u.13, u.14, u.15,
    ]
  }

  /// - Precondition: there are sixteen bytes.
  package init(bytes b: [UInt8]) {
    precondition(b.count == 16, "a UUID has 16 bytes")
    self.init(
      uuid: (
        b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
        b[14], b[15]
      ))
  }
}
