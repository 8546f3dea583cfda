/// A secret that we issue: marker, 43 base62 digits of 32 random bytes, and 6 base62 digits of the
/// CRC-32 of everything before them.
///
/// 256 bits cannot be guessed; the marker lets scanners and people recognise a leaked one; the
/// checksum turns away typing errors and noise before anything is looked up. Only letters, digits
/// and underscores, so that a double click selects it whole.
package struct Token: Sendable {
  /// Digits after the marker.
  package static let bodyLength = Base62.digitsOf32Bytes + Base62.digitsOfUInt32

  package let kind: TokenKind
  /// The whole text.
  package let secret: Secret
  /// How it begins, to recognise it by: the marker and four digits.
  package let prefix: String
  /// Its last four characters.
  package let lastFour: String

  /// Makes a token from the system's cryptographic random number generator.
  package static func generate(_ kind: TokenKind) -> Token {
    var generator = SystemRandomNumberGenerator()
    return generate(kind, using: &generator)
  }

  /// Makes a token from `generator`, which must be cryptographically secure outside tests.
  package static func generate(
    _ kind: TokenKind, using generator: inout some RandomNumberGenerator
  ) -> Token {
    var limbs = (0..<8).map { _ in UInt32.random(in: .min ... .max, using: &generator) }
    var text = Array(kind.marker.utf8)
    text.reserveCapacity(text.count + bodyLength)
    Base62.append(&limbs, width: Base62.digitsOf32Bytes, to: &text)
    appendChecksum(to: &text)
    defer { wipe(&text) }
    return Token(
      kind: kind, secret: Secret(copying: text.span),
      prefix: String(decoding: text.prefix(kind.marker.utf8.count + 4), as: UTF8.self),
      lastFour: String(decoding: text.suffix(4), as: UTF8.self))
  }

  /// What kind of token `text` is, by its form alone; nil when it is none of ours.
  ///
  /// Checks marker, length, digits, that the digits stand for 32 bytes, and the checksum.
  package static func kind(of text: Span<UInt8>) -> TokenKind? {
    guard
      let kind = TokenKind.allCases.first(where: { starts(text, with: $0.marker.utf8) }),
      text.count == kind.marker.utf8.count + bodyLength
    else { return nil }
    let start = kind.marker.utf8.count
    for index in start..<text.count where !Base62.isDigit(text[index]) { return nil }
    guard isAtMost(text, from: start, Base62.largest32Bytes) else { return nil }
    var checksum: [UInt8] = []
    let checked = text.count - Base62.digitsOfUInt32
    var limbs = [CRC32.checksum(text.extracting(0..<checked))]
    Base62.append(&limbs, width: Base62.digitsOfUInt32, to: &checksum)
    for index in 0..<checksum.count where text[checked + index] != checksum[index] { return nil }
    return kind
  }

  private static func appendChecksum(to text: inout [UInt8]) {
    var limbs = [CRC32.checksum(text.span)]
    Base62.append(&limbs, width: Base62.digitsOfUInt32, to: &text)
  }

  private static func starts(_ text: Span<UInt8>, with marker: String.UTF8View) -> Bool {
    guard text.count >= marker.count else { return false }
    var index = 0
    for byte in marker {
      guard text[index] == byte else { return false }
      index += 1
    }
    return true
  }

  private static func isAtMost(_ text: Span<UInt8>, from start: Int, _ bound: [UInt8]) -> Bool {
    for (offset, limit) in bound.enumerated() where text[start + offset] != limit {
      return text[start + offset] < limit
    }
    return true
  }
}
