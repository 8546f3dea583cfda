import ProtobufC
import Testing

@Suite("Serialization")
struct SerializationTests {
  @Test("a message of every field type survives its bytes", arguments: 0..<200 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let value = Sink.random(&random)
    let bytes = try value.serialized()
    #expect(try Sink(serialized: bytes) == value)
  }

  @Test("bytes are those of the format's own examples")
  func golden() throws {
    // protobuf.dev, "Encoding": 150 as varint, "testing" as string, 3, 270, 86942 packed.
    var value = Sink()
    value.int32 = 150
    #expect(try value.serialized() == hex("08 96 01"))
    value = Sink()
    value.string = "testing"
    #expect(try value.serialized() == hex("72 07 74 65 73 74 69 6e 67"))
    value = Sink()
    value.int32s = [3, 270, 86_942]
    #expect(try value.serialized() == hex("a2 01 06 03 8e 02 9e a7 05"))
    value = Sink()
    value.sint32 = -1
    #expect(try value.serialized() == hex("10 01"))
  }

  @Test("a message at its defaults has no bytes")
  func empty() throws {
    #expect(try Sink().serialized() == [])
    #expect(try Sink(serialized: []) == Sink())
    #expect(try ProtoEmpty().serialized() == [])
    var value = Sink()
    value.leaf = Leaf()
    #expect(try value.serialized() == hex("8a 01 00"))
    #expect(try Sink(serialized: hex("8a 01 00")) == value)
  }

  @Test(
    "a chosen member of a oneof is sent even at its default",
    arguments: [.text(""), .number(0), .leaf(Leaf()), .data([]), .flag(false)] as [Sink.Choice])
  func oneof(choice: Sink.Choice) throws {
    var value = Sink()
    value.choice = choice
    let bytes = try value.serialized()
    #expect(!bytes.isEmpty)
    #expect(try Sink(serialized: bytes) == value)
  }

  @Test("a NUL in a string is refused with its path, not cut")
  func nul() throws {
    func refusal(_ change: (inout Sink) -> Void) -> FieldViolation? {
      var value = Sink()
      change(&value)
      var buffer: [UInt8] = [9]
      let found = violation { () throws(MessageError) in try value.appendSerialized(to: &buffer) }
      #expect(buffer == [9])
      return found
    }
    #expect(
      refusal { $0.string = "a\0b" }
        == FieldViolation(field: "a_string", description: "must not hold a NUL character"))
    #expect(refusal { $0.strings = ["a", "\0"] }?.field == "many_string[1]")
    #expect(refusal { $0.leaf = Leaf(text: "\0") }?.field == "leaf.text")
    #expect(refusal { $0.leaves = [Leaf(), Leaf(text: "\0"), Leaf()] }?.field == "leaves[1].text")
    #expect(refusal { $0.choice = .text("\0") }?.field == "choice_text")
    // The first is named.
    #expect(
      refusal {
        $0.string = "\0"
        $0.leaf = Leaf(text: "\0")
      }?.field == "a_string")
    var value = Sink()
    value.string = "\0"
    #expect(violation { () throws(MessageError) in try value.jsonUTF8() }?.field == "a_string")
  }

  @Test("a message is appended behind what is there, bare or as a field")
  func appending() throws {
    let leaf = Leaf(text: String(repeating: "x", count: 200), count: 3)
    let bytes = try leaf.serialized()
    var buffer: [UInt8] = [1, 2]
    try leaf.appendSerialized(to: &buffer)
    #expect(buffer == [1, 2] + bytes)
    buffer = [1]
    try leaf.appendSerialized(asField: 2, to: &buffer)
    #expect(buffer == [1] + field(2, bytes))
    buffer = []
    try ProtoEmpty().appendSerialized(asField: 536_870_911, to: &buffer)
    #expect(buffer == field(536_870_911, []))
  }

  @Test("sizes are known before the bytes are written")
  func sizes() throws {
    for count in [0, 1, 100, 127, 128, 16_383, 16_384, 100_000] {
      let leaf = Leaf(text: String(repeating: "x", count: count))
      let size = try leaf.withPacked { packed in (packed.size, packed.size(asField: 16)) }
      let bytes = try leaf.serialized()
      #expect(size.0 == bytes.count)
      #expect(size.1 == field(16, bytes).count)
    }
  }

  @Test("text of every kind of storage is sent whole")
  func strings() throws {
    let long = String(repeating: "long ", count: 20)
    for text in [
      "", "small", "exactly 15 byte", long, String(long.dropFirst(3)), "ä€😀", "e\u{301}",
    ] {
      #expect(try Leaf(serialized: Leaf(text: text).serialized()).text == text)
    }
  }

  @Test("a wrong field index ends the process with a sentence")
  func wrongIndex() async {
    await #expect(processExitsWith: .failure) { _ = try WrongIndex().serialized() }
    await #expect(processExitsWith: .failure) { _ = try WrongType().serialized() }
    await #expect(processExitsWith: .failure) { _ = try WrongType(serialized: hex("0a 01 61")) }
    await #expect(processExitsWith: .failure) { _ = try WrongIndex(serialized: []) }
  }
}

/// Reads and writes a field its descriptor does not have.
struct WrongIndex: Message {
  init() {}
  init(from reader: borrowing MessageReader) throws(MessageError) { _ = reader.string(2) }
  func write(to writer: borrowing MessageWriter) { writer.set(2, "x") }
  static var descriptor: MessageDescriptor { .testLeaf }
}

/// Takes a string for a number.
struct WrongType: Message {
  init() {}
  init(from reader: borrowing MessageReader) throws(MessageError) { _ = reader.int64(0) }
  func write(to writer: borrowing MessageWriter) { writer.set(0, Int64(1)) }
  static var descriptor: MessageDescriptor { .testLeaf }
}
