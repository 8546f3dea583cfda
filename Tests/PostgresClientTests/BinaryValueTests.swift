import FoundationEssentials
import Testing

@testable import PostgresClient

@Suite("Binary values from anywhere")
struct BinaryValueTests {
  @Test("random bytes are decoded or refused, never a trap", arguments: 0..<8)
  func randomBytes(seed: UInt64) {
    var random = SplitMix(seed: seed)
    for _ in 0..<20_000 {
      let length = Int.random(in: 0...64, using: &random)
      var bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      if length >= 20, Bool.random(using: &random) {
        // Looks like an array of one dimension, with a count that may be anything.
        bytes.replaceSubrange(0..<4, with: [0, 0, 0, 1])
        if Bool.random(using: &random) { bytes.replaceSubrange(12..<15, with: [0, 0, 0]) }
      }
      decodeAll(bytes.span)
    }
  }

  @Test("an array cut short anywhere, or with bytes behind it, is refused")
  func truncated() {
    var buffer = ParameterBuffer()
    buffer.fill(
      [.bytesArray([[1, 2, 3], [], [4]])], types: [.byteaArray])
    let whole = Array(buffer.bytes.dropLast())
    #expect(decode(whole, arrays) == [[1, 2, 3], [], [4]])
    for length in 0..<whole.count {
      #expect(
        decode(Array(whole[..<length]), arrays) == nil)
    }
    #expect(decode(whole + [0], arrays) == nil)
  }

  @Test("an array that claims two thousand million elements allocates nothing for them")
  func lyingCount() {
    let bytes: [UInt8] =
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1] + [0, 0, 0, 0]
    #expect(decode(bytes) { BinaryValue.array($0, element: BinaryValue.text) } == nil)
  }

  @Test("text with a NUL or broken UTF-8 is refused")
  func badText() {
    #expect(decode([0x61, 0], BinaryValue.text) == nil)
    #expect(decode([0xc3], BinaryValue.text) == nil)
    #expect(decode([], BinaryValue.text) == "")
  }

  @Test("a timestamp beyond what 64 bits of microseconds since 1970 hold is refused")
  func farTimestamp() {
    #expect(decode([0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], BinaryValue.timestamp) == nil)
    #expect(decode([0x80, 0, 0, 0, 0, 0, 0, 1], BinaryValue.timestamp) != nil)
    #expect(decode([0x80, 0, 0, 0, 0, 0, 0, 0], BinaryValue.timestamp) == nil)
  }

  @Test("jsonb of another version is refused")
  func jsonVersion() {
    #expect(decode([1, 0x31]) { BinaryValue.json($0, type: .jsonb) } == [0x31])
    #expect(decode([2, 0x31]) { BinaryValue.json($0, type: .jsonb) } == nil)
    #expect(decode([]) { BinaryValue.json($0, type: .jsonb) } == nil)
    #expect(decode([0x31]) { BinaryValue.json($0, type: .json) } == [0x31])
  }

  private func decode<Value>(_ bytes: [UInt8], _ body: (Span<UInt8>) -> Value) -> Value {
    body(bytes.span)
  }

  private func arrays(_ bytes: Span<UInt8>) -> [[UInt8]]? {
    BinaryValue.array(bytes, element: BinaryValue.bytes)
  }

  private func decodeAll(_ bytes: Span<UInt8>) {
    _ = BinaryValue.text(bytes)
    _ = BinaryValue.bool(bytes)
    _ = BinaryValue.uuid(bytes)
    _ = BinaryValue.timestamp(bytes)
    _ = BinaryValue.json(bytes, type: .jsonb)
    _ = BinaryValue.integer(bytes, as: Int64.self)
    _ = BinaryValue.integer(bytes, as: Int16.self)
    _ = BinaryValue.array(bytes, element: BinaryValue.text)
    _ = BinaryValue.array(bytes, element: BinaryValue.uuid)
    _ = BinaryValue.array(bytes, element: BinaryValue.bytes)
  }
}
