import KeyRules
import Testing

@Suite struct SecretTests {
  private func secret(_ text: String) -> Secret {
    let bytes = Array(text.utf8)
    return Secret(copying: bytes.span)
  }

  @Test("a secret does not show itself")
  func redaction() {
    struct Holder { var key: Secret }
    let marker = "sk_live_canary"
    let key = secret(marker)
    var dumped = ""
    dump(key, to: &dumped)
    dump(Holder(key: key), to: &dumped)
    for shown in [
      "\(key)", String(describing: key), String(reflecting: key), "\(Holder(key: key))", dumped,
      "\(Array(Mirror(reflecting: key).children))",
    ] {
      #expect(!shown.contains(marker))
      #expect(!shown.contains("115"))  // "s" as a number
    }
    #expect("\(key)" == "[redacted]")
  }

  @Test("a secret keeps its own copy of the bytes")
  func ownership() {
    var bytes = Array("secret".utf8)
    let key = Secret(copying: bytes.span)
    wipe(&bytes)
    #expect(bytes == [0, 0, 0, 0, 0, 0])
    #expect(key.reveal() == "secret")
    #expect(key.count == 6)
  }

  @Test("secrets are equal when their bytes are")
  func equality() {
    let one = secret("secret")
    #expect(one == one)
    #expect(one == secret("secret"))
    #expect(one != secret("secreT"))
    #expect(one != secret("secre"))
  }

  @Test("comparison finds every single difference")
  func comparison() {
    let bytes = (0..<64).map { UInt8($0) }
    #expect(constantTimeEquals(bytes, bytes))
    #expect(constantTimeEquals([], []))
    #expect(!constantTimeEquals(bytes, Array(bytes.dropLast())))
    for index in bytes.indices {
      for bit in 0..<8 {
        var other = bytes
        other[index] ^= 1 << bit
        #expect(!constantTimeEquals(bytes, other))
      }
    }
  }

  @Test("a signature is the HMAC-SHA-256 keyed with the whole secret")
  func signature() {
    // RFC 4231, test case 2.
    let expected: [UInt8] = [
      0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75,
      0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec,
      0x38, 0x43,
    ]
    let payload = Array("what do ya want for nothing?".utf8)
    #expect(RequestSignature.sign(payload, with: secret("Jefe")) == expected)
    #expect(RequestSignature.isValid(expected, of: payload, with: secret("Jefe")))
    #expect(!RequestSignature.isValid(expected, of: payload, with: secret("jefe")))
    #expect(!RequestSignature.isValid(expected, of: payload + [0], with: secret("Jefe")))
    #expect(!RequestSignature.isValid([], of: payload, with: secret("Jefe")))
  }
}
