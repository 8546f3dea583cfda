import KeyRules
import Signing
import Testing

/// Known answers of others.
@Suite struct VectorTests {
  @Test(
    "HMAC-SHA-256 of RFC 4231",
    arguments: [
      (
        String(repeating: "0b", count: 20), Array("Hi There".utf8),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
      ),
      (
        "4a656665", Array("what do ya want for nothing?".utf8),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
      ),
      (
        String(repeating: "aa", count: 20), [UInt8](repeating: 0xDD, count: 50),
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
      ),
      (
        "0102030405060708090a0b0c0d0e0f10111213141516171819", [UInt8](repeating: 0xCD, count: 50),
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
      ),
      (
        // Truncated to 128 bits.
        String(repeating: "0c", count: 20), Array("Test With Truncation".utf8),
        "a3b6167473100ee06e0c796c2955552b"
      ),
      (
        String(repeating: "aa", count: 131),
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
      (
        String(repeating: "aa", count: 131),
        Array(
          ("This is a test using a larger than block-size key and a larger than block-size data. "
            + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
      ),
    ])
  func rfc4231(key: String, data: [UInt8], code: String) {
    let key = macKey(bytes(hex: key))
    let expected = bytes(hex: code)
    #expect(key.code(of: data).starts(with: expected))
    for split in [0, 1, data.count] {
      let code = key.code(of: Array(data[split...]), after: Array(data[..<split]))
      #expect(code.starts(with: expected))
    }
  }

  @Test("Ed25519 of RFC 8032 §7.1", arguments: RFC8032.tests)
  func rfc8032(test: RFC8032) throws {
    let message = bytes(hex: test.message)
    let pair = try #require(Ed25519KeyPair(seed: bytes(hex: test.seed)))
    #expect(pair.publicKey.bytes == bytes(hex: test.publicKey))
    let signature = try pair.signature(of: message)
    #expect(signature == bytes(hex: test.signature))
    #expect(pair.publicKey.isValid(signature, of: message))
    #expect(!pair.publicKey.isValid(signature, of: message + [0]))
  }

  @Test(
    "v1 of Standard Webhooks",
    arguments: [
      (
        Sample.symmetric, "msg_p5jXN8AQM9LWM0D4loKWxJek", Int64(1_614_265_330),
        #"{"test": 2432232314}"#, Sample.signature
      ),
      (
        Sample.other, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553,
        #"{"email":"test@example.com","username":"test_user"}"#,
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="
      ),
    ])
  func standard(
    secret: String, id: String, timestamp: Int64, body: String, signature: String
  ) throws {
    let signer = try WebhookSigner(profile: .standard, secrets: [SigningSecret(secret)])
    let headers = try signer.headers(for: message(id: id, at: timestamp, body: body))
    #expect(
      headers == [
        SignatureHeader(name: "webhook-id", value: id),
        SignatureHeader(name: "webhook-timestamp", value: "\(timestamp)"),
        SignatureHeader(name: "webhook-signature", value: signature),
      ])
  }

  @Test("v1a of Standard Webhooks")
  func asymmetric() throws {
    let secret = try SigningSecret(Sample.ed25519)
    #expect(secret.kind == .ed25519)
    #expect(secret.publicKey?.text == Sample.publicKey)
    let headers = try WebhookSigner(profile: .standard, secrets: [secret])
      .headers(for: message())
    #expect(
      headers["webhook-signature"]
        == "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM"
        + "+m7TBAg==")
  }

  @Test("GitHub's example of validating deliveries")
  func github() {
    let key = macKey(Array("It's a Secret to Everybody".utf8))
    #expect(
      key.code(of: Array("Hello, World!".utf8))
        == bytes(hex: "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"))
  }
}
