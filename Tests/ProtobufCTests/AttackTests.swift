import ProtobufC
import Testing

/// The attacks on protobuf-c that were measured for the threat model, counted in memory, not time.
@Suite("Attacks on protobuf-c")
struct AttackTests {
  /// What refusing or decoding `bytes` takes from the system at most.
  private func memory(decoding bytes: [UInt8], _ limits: DecodingLimits) -> (
    bytes: Int, error: String
  ) {
    let before = ThreadArena.bytesTaken
    var summary = ""
    do {
      _ = try Sink(serialized: bytes.span, limits: limits)
    } catch {
      summary = error.summary
    }
    return (ThreadArena.bytesTaken - before, summary)
  }

  @Test("29 KB of nesting, which ends a process that unpacks it, takes no memory")
  func recursion() {
    var bytes: [UInt8] = []
    while bytes.count < 29_000 { bytes = field(18, bytes) }
    let (taken, error) = memory(decoding: bytes, .response)
    #expect(taken == 0)
    #expect(error.hasSuffix("is nested deeper than 16 messages"))
    #expect(error.hasPrefix("inner_sink.inner_sink."))
  }

  @Test("unknown fields beyond the limit take no memory")
  func unknownFields() {
    let bytes = Array(repeatElement(hex("98 06 01"), count: 20_000).joined())
    for limits in [DecodingLimits.request, .response] {
      let (taken, error) = memory(decoding: bytes, limits)
      #expect(taken == 0)
      #expect(error.contains("unknown fields"))
    }
  }

  @Test(
    "small things that become large ones are refused before they do",
    arguments: ["8a 02 00", "92 02 00", "aa 02 00", "a2 01 01 00", "a0 01 00"])
  func amplification(element: String) {
    let bytes = Array(repeatElement(hex(element), count: 20_000).joined())
    let (taken, error) = memory(decoding: bytes, .request)
    #expect(taken == 0)
    #expect(!error.isEmpty)
  }

  @Test("what limits admit stays within the memory of a message of its length")
  func budget() {
    var limits = DecodingLimits.response
    limits.maxElements = .max
    limits.maxFields = .max
    limits.maxUnknownFields = .max
    // Empty messages of 24 bytes and more, for 3 bytes of wire.
    for element in ["aa 02 00", "98 06 01", "8a 02 00"] {
      for count in [1_000, 10_000, 60_000] {
        let bytes = Array(repeatElement(hex(element), count: count).joined())
        let (taken, error) = memory(decoding: bytes, limits)
        // Chunks double, so the system may be asked for twice the budget, and one step.
        #expect(taken <= 2 * limits.memory(forBytes: bytes.count) + 2 * 1_024 * 1_024)
        #expect(error.isEmpty || error.contains("memory"))
        #expect(ThreadArena.bytesHeld <= 256 * 1024)
      }
    }
  }

  @Test("the budget is 64 KiB and 16 times the length, at most 32 MiB")
  func budgetFigures() {
    let limits = DecodingLimits.request
    #expect(limits.memory(forBytes: 0) == 65_536)
    #expect(limits.memory(forBytes: 1_000) == 81_536)
    #expect(limits.memory(forBytes: 4 * 1_024 * 1_024) == 33_554_432)
    #expect(limits.memory(forBytes: .max) == 33_554_432)
  }

  @Test("a message that repeats a submessage is refused at the second, not merged")
  func quadraticMerge() {
    let leaf = field(17, field(1, Array("text".utf8)))
    let (taken, error) = memory(
      decoding: Array(repeatElement(leaf, count: 20_000).joined()), .response)
    #expect(taken == 0)
    #expect(error == "leaf occurs twice")
  }

  @Test("a page of a thousand large messages decodes within the budget")
  func legitimatePage() throws {
    var key = hex("")
    for number in [1, 2, 3, 17] { key += field(number, Array("0190f0a0-7b3c-7def-8abc".utf8)) }
    key += field(12, hex("08 80 80 80 01")) + field(13, hex("08 80 80 80 01"))
    key += field(20, hex("08 80 80 80 01")) + field(21, hex("08 80 80 80 01"))
    key += hex("20 01 28 01 30 01 48 3c 50 e8 07 58 c0 84 3d 78 5a 90 01 01")
    let page = Array(repeatElement(field(1, key), count: 1_000).joined())
    let json = try MessageDescriptor.integration_v1_ListApiKeysResponse.jsonUTF8(serialized: page)
    #expect(text(json).contains("\"totalRequests\":\"1000000\""))
    // The densest answer there is: buckets of small counts.
    let counts = (1...16).flatMap { field(2, [0x08, UInt8($0), 0x10, 0x01]) }
    let bucket = field(1, hex("08 80 80 80 01")) + counts
    let usage = Array(repeatElement(field(1, bucket), count: 1_000).joined())
    _ = try MessageDescriptor.integration_v1_GetApiKeyUsageResponse.jsonUTF8(serialized: usage)
  }
}
