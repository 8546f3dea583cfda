import ProtobufC
import TTRPC
import Testing

@Suite("Envelopes")
struct EnvelopeTests {
  private func read(_ bytes: [UInt8]) throws -> (RequestEnvelope, Metadata) {
    let envelope = try RequestEnvelope(bytes.span, in: 0..<bytes.count)
    return (envelope, try envelope.metadata(bytes.span, maxEntries: 64, maxBytes: 16_384))
  }

  @Test("a request is read as the generated message reads it", arguments: 0..<100 as Range<UInt64>)
  func agrees(seed: UInt64) throws {
    var dice = Dice(seed)
    var message = TTRPCRequest(
      service: seed % 5 == 0 ? "" : "a.b.Service\(seed)", method: "Méthod\(seed)",
      payload: dice.bytes(Int(seed) * 3), timeoutNano: Int64(bitPattern: dice.next()))
    if seed % 3 == 0 { message.timeoutNano = 0 }
    message.metadata = (0..<seed % 7).map { TTRPCKeyValue(key: "k\($0)", value: "välue \($0)") }
    let bytes = try message.serialized()
    let (envelope, metadata) = try read(bytes)
    #expect(Array(bytes[envelope.service]) == Array(message.service.utf8))
    #expect(Array(bytes[envelope.method]) == Array(message.method.utf8))
    #expect(Array(bytes[envelope.payload]) == message.payload)
    #expect(envelope.timeoutNanoseconds == message.timeoutNano)
    #expect(metadata.entries.map(\.key) == message.metadata.map(\.key))
    #expect(metadata.entries.map(\.value) == message.metadata.map(\.value))
    #expect(envelope.hasMetadata == !metadata.isEmpty)
  }

  @Test("an envelope has at most 1,024 fields, whatever they are")
  func manyFields() throws {
    let names = try TTRPCRequest(service: "s.S", method: "M").serialized()
    for field: [UInt8] in [[0x0A, 0], [0x1A, 0], [0x20, 1]] {
      let most = names + Array(repeatElement(field, count: 1_022).joined())
      _ = try read(most)
      #expect(throws: RequestEnvelope.Malformed.self) { try read(most + field) }
    }
  }

  @Test("an envelope cut short is refused or shorter, and never traps")
  func truncated() throws {
    let message = TTRPCRequest(
      service: "s.S", method: "M", payload: [1, 2, 3], timeoutNano: -1,
      metadata: [TTRPCKeyValue(key: "k", value: "v")])
    let bytes = try message.serialized()
    for length in 0..<bytes.count {
      let part = Array(bytes[..<length])
      let ours = try? read(part)
      let theirs = try? TTRPCRequest(serialized: part)
      #expect((ours == nil) == (theirs == nil), "length \(length)")
    }
  }

  @Test("random bytes are refused when the generated message refuses them")
  func fuzz() throws {
    var dice = Dice(42)
    let whole = try TTRPCRequest(
      service: "s.S", method: "M", payload: [1, 2, 3], timeoutNano: 77,
      metadata: [TTRPCKeyValue(key: "k", value: "v")]
    ).serialized()
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &dice) {
        bytes[Int.random(in: 0..<bytes.count, using: &dice)] = UInt8.random(
          in: 0...255, using: &dice)
      }
      let ours = try? read(bytes)
      let theirs = try? TTRPCRequest(serialized: bytes)
      // Names are only ever compared, so their text is not checked; all else must agree.
      if let theirs {
        #expect(ours != nil, "\(bytes)")
        #expect(ours?.0.timeoutNanoseconds == theirs.timeoutNano)
        #expect(ours.map { Array(bytes[$0.0.payload]) } == theirs.payload)
      }
      if ours != nil { accepted += 1 }
    }
    #expect(accepted > 100)
    for _ in 0..<20_000 { _ = try? read(dice.bytes(Int.random(in: 0...40, using: &dice))) }
  }

  @Test(
    "malformed requests",
    arguments: [
      ("08 01", "a wrong wire type"),
      ("22 01 61", "a number that is text"), ("0A 05 61", "a length beyond the end"),
      ("0B 0C", "a group"), ("02 00", "field number 0"),
      ("20 FF FF FF FF FF FF FF FF FF FF 01", "a number of eleven bytes"),
      ("20 FF FF FF FF FF FF FF FF FF 02", "a number above 64 bits"),
      ("FF FF FF FF FF 0F 00", "a tag above 32 bits"), ("2A 02 0A 05", "metadata cut short"),
      ("2A 03 0A 01 FF", "metadata that is not UTF-8"),
    ])
  func malformed(bytes: String, what: Comment) {
    #expect(throws: RequestEnvelope.Malformed.self, what) { _ = try read(hex(bytes)) }
  }

  @Test("fields of later versions are stepped over, up to a limit")
  func unknownFields() throws {
    let known = try TTRPCRequest(service: "s", method: "m").serialized()
    let unknown = hex("30 01  39 0000000000000000  42 01 00  4D 00000000")
    let (envelope, _) = try read(unknown + known + unknown)
    #expect(envelope.service.count == 1 && envelope.method.count == 1)
    #expect(throws: RequestEnvelope.Malformed.self) {
      _ = try read((0..<17).flatMap { _ in unknown } + known)
    }
  }

  @Test("metadata is bounded in pairs and in bytes")
  func metadataLimits() throws {
    let bytes = try TTRPCRequest(
      metadata: (0..<10).map { TTRPCKeyValue(key: "k\($0)", value: "v") }
    ).serialized()
    let envelope = try RequestEnvelope(bytes.span, in: 0..<bytes.count)
    #expect(throws: RequestEnvelope.Malformed.self) {
      _ = try envelope.metadata(bytes.span, maxEntries: 9, maxBytes: 1_000)
    }
    #expect(throws: RequestEnvelope.Malformed.self) {
      _ = try envelope.metadata(bytes.span, maxEntries: 10, maxBytes: 20)
    }
    let metadata = try envelope.metadata(bytes.span, maxEntries: 10, maxBytes: 1_000)
    #expect(metadata.entries.count == 10)
  }

  @Test("a response is read as the generated message reads it")
  func response() throws {
    let status = RPCStatus(code: 5, message: "none")
    for message in [
      TTRPCResponse(), TTRPCResponse(payload: [1, 2]), TTRPCResponse(status: status),
      TTRPCResponse(status: status, payload: [9]),
    ] {
      let bytes = try message.serialized() + hex("1A 00")
      let found = ResponseEnvelope(bytes.span, in: 0..<bytes.count)
      let envelope = try #require(found)
      #expect((envelope.status != nil) == (message.status != nil))
      #expect(Array(bytes[envelope.payload]) == message.payload)
    }
    let short: [UInt8] = [0x0A, 5]
    let none = ResponseEnvelope(short.span, in: 0..<2)
    #expect(none == nil)
  }
}
