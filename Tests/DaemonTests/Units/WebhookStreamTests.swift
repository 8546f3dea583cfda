import IntegrationClient
import Testing

@testable import integrationctl

@Suite("A stream of events on standard input")
struct WebhookStreamTests {
  @Test("lines are cut wherever the bytes come apart", arguments: [1, 2, 3, 7, 100])
  func lines(pieces: Int) {
    let bytes = Array("one\n\ntwo words\nthree".utf8)
    var buffer = LineBuffer(maxLineBytes: 20)
    var lines: [InputLine] = []
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      buffer.append(bytes[start..<min(start + pieces, bytes.count)])
      while let line = buffer.next(atEnd: false) { lines.append(line) }
    }
    while let line = buffer.next(atEnd: true) { lines.append(line) }
    #expect(lines == ["one", "", "two words", "three"].map { .bytes(Array($0.utf8)) })
  }

  @Test("a line that is too long is told and passed over", arguments: [1, 4, 100])
  func tooLong(pieces: Int) {
    let bytes = Array("12345\n123456\nok\n1234567".utf8)
    var buffer = LineBuffer(maxLineBytes: 5)
    var lines: [InputLine] = []
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      buffer.append(bytes[start..<min(start + pieces, bytes.count)])
      while let line = buffer.next(atEnd: false) { lines.append(line) }
    }
    while let line = buffer.next(atEnd: true) { lines.append(line) }
    #expect(
      lines == [.bytes(Array("12345".utf8)), .tooLong, .bytes(Array("ok".utf8)), .tooLong])
  }

  @Test("the payload of a line is sent byte for byte")
  func payload() throws {
    let line =
      #" {"idempotencyKey":"k\u00fc", "eventData": {"n":1.00, "s":"},\"" } ,"eventType":"a.b"}"#
    let request = try EventLine.request(.bytes(Array(line.utf8)), tenant: "t")
    #expect(
      request
        == PublishEventRequest(
          tenantId: "t", eventType: "a.b", eventData: Array(#"{"n":1.00, "s":"},\"" }"#.utf8),
          idempotencyKey: "kü"))
  }

  @Test("a blank line is none")
  func blank() throws {
    #expect(try EventLine.request(.bytes(Array(" \r".utf8)), tenant: "t") == nil)
  }

  @Test(
    "a line that is no event is refused, and says why",
    arguments: [
      ("[]", "the line is no JSON object"),
      (#"{"eventType":"a""#, "the line is no JSON object"),
      (#"{"eventType":"a","eventData":1} x"#, "the line is no JSON object"),
      (#"{"eventType":7,"eventData":1}"#, "eventType: must be a text"),
      (#"{"eventType":"\u0000","eventData":1}"#, "eventType: must not hold NUL"),
      (#"{"eventType":"a"}"#, "eventType and eventData must be there"),
      (#"{"eventType":"a","eventType":"b"}"#, "eventType: is there twice"),
      (#"{"type":"a"}"#, "type: is none of eventType, eventData, idempotencyKey"),
    ])
  func refused(line: String, reason: String) {
    let error = #expect(throws: EventLineError.self) {
      try EventLine.request(.bytes(Array(line.utf8)), tenant: "t")
    }
    #expect(error.map { "\($0)" } == reason)
  }

  @Test("no bytes trap the reader of members")
  func random() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("{}[]\",:\\ a1\u{7f}".utf8)
    for _ in 0..<2000 {
      let bytes = (0..<12).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      if let object = JSONMembers([UInt8(ascii: "{")] + bytes) {
        #expect(object.members.allSatisfy { !$0.value.isEmpty })
      }
    }
  }

  @Test("answers come in the order of the lines, numbered by them")
  func order() {
    var ledger = StreamLedger()
    ledger.sent()
    #expect(ledger.refused("no").isEmpty)
    ledger.sent()
    #expect(!ledger.isSettled)
    let first = ledger.answered(PublishEventStreamResponse(sequence: 0))
    #expect(first.map(\.sequence) == [0, 1])
    #expect(first.map(\.code) == [0, 3])
    let second = ledger.answered(PublishEventStreamResponse(sequence: 1, code: 9))
    #expect(second.map(\.sequence) == [2])
    #expect(ledger.refused("no").map(\.sequence) == [3])
    #expect(ledger.isSettled)
    #expect(ledger.refusals == 3)
  }

  @Test("an answer is a line")
  func summary() {
    let event = PublishEventResponse(eventId: "e", deliveries: 2)
    #expect(PublishEventStreamResponse(sequence: 4, event: event).summary == "4: e, 2 deliveries")
    #expect(
      PublishEventStreamResponse(sequence: 5, code: 9, message: "archived").summary
        == "5: refused: archived (FAILED_PRECONDITION)")
  }
}
