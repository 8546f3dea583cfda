import KeyRules
import Testing

/// Deterministic numbers, so that a failing case can be run again (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Yields the same word for ever.
struct ConstantGenerator: RandomNumberGenerator {
  var word: UInt64
  mutating func next() -> UInt64 { word }
}

func kind(of text: String) -> TokenKind? {
  let bytes = Array(text.utf8)
  return Token.kind(of: bytes.span)
}

@Suite struct TokenTests {
  @Test(
    "a token begins with its marker and has 49 letters and digits", arguments: TokenKind.allCases)
  func form(kind: TokenKind) {
    let token = Token.generate(kind)
    let text = token.secret.reveal()
    #expect(text.hasPrefix(kind.marker))
    let body = text.dropFirst(kind.marker.count)
    #expect(body.count == 49)
    #expect(body.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
    #expect(token.prefix == String(text.prefix(kind.marker.count + 4)))
    #expect(token.lastFour == String(text.suffix(4)))
    #expect(token.secret.count == text.utf8.count)
  }

  @Test("what is generated is recognised as what it is", arguments: TokenKind.allCases)
  func roundTrip(token: TokenKind) {
    var generator = SeededGenerator(state: 7)
    for _ in 0..<200 {
      #expect(kind(of: Token.generate(token, using: &generator).secret.reveal()) == token)
    }
  }

  @Test("tokens differ")
  func distinct() {
    let texts = Set((0..<1000).map { _ in Token.generate(.apiKey(.production)).secret.reveal() })
    #expect(texts.count == 1000)
  }

  @Test("the least and the greatest 32 bytes have 43 digits")
  func extremes() {
    var zeros = ConstantGenerator(word: 0)
    let least = Token.generate(.apiKey(.production), using: &zeros).secret.reveal()
    #expect(least.dropFirst(8).dropLast(6) == String(repeating: "0", count: 43)[...])
    #expect(kind(of: least) == .apiKey(.production))
    var ones = ConstantGenerator(word: .max)
    let greatest = Token.generate(.apiKey(.production), using: &ones).secret.reveal()
    #expect(Array(greatest.utf8.dropFirst(8).dropLast(6)) == Base62.largest32Bytes)
    #expect(kind(of: greatest) == .apiKey(.production))
  }

  @Test("digits that stand for more than 32 bytes are refused, whatever the checksum says")
  func overflow() {
    var text = Array("sk_live_".utf8) + Base62.largest32Bytes
    text[text.count - 1] += 1
    var limbs = [CRC32.checksum(text.span)]
    Base62.append(&limbs, width: 6, to: &text)
    #expect(Token.kind(of: text.span) == nil)
  }

  @Test("any changed, missing or extra character is noticed")
  func typingErrors() {
    var generator = SeededGenerator(state: 11)
    let alphabet = Array(
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-\0é".unicodeScalars)
    for token in TokenKind.allCases {
      let text = Token.generate(token, using: &generator).secret.reveal()
      for position in text.indices {
        var changed = text
        let other = alphabet.randomElement(using: &generator).map(Character.init) ?? "0"
        changed.replaceSubrange(position...position, with: [other])
        #expect(changed == text || kind(of: changed) == nil)
        var shorter = text
        shorter.remove(at: position)
        #expect(kind(of: shorter) == nil)
        var longer = text
        longer.insert("a", at: position)
        #expect(kind(of: longer) == nil)
      }
    }
  }

  @Test("two exchanged neighbours are noticed")
  func transpositions() {
    var generator = SeededGenerator(state: 13)
    let text = Array(Token.generate(.apiKey(.staging), using: &generator).secret.reveal().utf8)
    for index in text.indices.dropLast() where text[index] != text[index + 1] {
      var swapped = text
      swapped.swapAt(index, index + 1)
      #expect(Token.kind(of: swapped.span) == nil)
    }
  }

  @Test("noise is no token")
  func noise() {
    var generator = SeededGenerator(state: 17)
    for _ in 0..<5000 {
      let marker =
        Bool.random(using: &generator)
        ? TokenKind.allCases.randomElement(using: &generator)?.marker ?? "" : ""
      let length = Int.random(in: 0...80, using: &generator)
      let bytes =
        Array(marker.utf8)
        + (0..<length).map { _ in
          UInt8.random(in: .min ... .max, using: &generator)
        }
      #expect(Token.kind(of: bytes.span) == nil)
    }
  }

  @Test("no marker is the beginning of another, so that a token is of one kind")
  func markers() {
    for one in TokenKind.allCases {
      for other in TokenKind.allCases where other != one {
        #expect(!one.marker.hasPrefix(other.marker))
      }
    }
  }

  @Test("the checksum is the CRC-32 of zip")
  func checkValue() {
    // The check value of the CRC catalogue for CRC-32/ISO-HDLC.
    let check = Array("123456789".utf8)
    #expect(CRC32.checksum(check.span) == 0xCBF4_3926)
    let nothing: [UInt8] = []
    #expect(CRC32.checksum(nothing.span) == 0)
  }
}
