/// The CRC-32 of IEEE 802.3 (reflected polynomial 0xEDB88320), as in zip and PNG.
///
/// It tells a typing error from a key; it authenticates nothing.
package enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { (byte: UInt32) in
    (0..<8).reduce(byte) { remainder, _ in
      (remainder & 1 == 1) ? (remainder >> 1) ^ 0xEDB8_8320 : remainder >> 1
    }
  }

  package static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
    var remainder: UInt32 = 0xFFFF_FFFF
    for index in bytes.indices {
      remainder = (remainder >> 8) ^ table[Int((remainder ^ UInt32(bytes[index])) & 0xFF)]
    }
    return ~remainder
  }
}
