package import Foundation

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
