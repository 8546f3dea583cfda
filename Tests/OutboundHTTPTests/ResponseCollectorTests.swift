import OutboundHTTP
import Testing

@Suite struct ResponseCollectorTests {
  @Test("folded lines go on with the value before them, and lines without a colon are none")
  func folding() {
    var collector = ResponseCollector(limits: ResponseLimits())
    for line in [
      " folded too soon\r\n", "HTTP/1.1 200 OK\r\n", " nothing before\r\n", "A: b\r\n", "\t c \r\n",
      "none\r\n", "B:\r\n", "\r\n",
    ] {
      collector.take(header: line, goesOn: true)
    }
    #expect(
      collector.headers == [
        ResponseHeader(name: "A", value: "b c"), ResponseHeader(name: "B", value: ""),
      ])
    #expect(collector.isHeaderComplete)
  }

  @Test("an interim response does not complete the header, and 101 does")
  func interim() {
    var collector = ResponseCollector(limits: ResponseLimits())
    for line in ["HTTP/1.1 103 Early Hints\r\n", "Link: a\r\n", "\r\n"] {
      collector.take(header: line, goesOn: true)
    }
    #expect(!collector.isHeaderComplete)
    for line in ["HTTP/2 101 \r\n", "\r\n"] { collector.take(header: line, goesOn: true) }
    #expect(collector.isHeaderComplete)
    #expect(collector.headers.isEmpty)
  }

  @Test("what is not UTF-8 is repaired")
  func repair() {
    var collector = ResponseCollector(limits: ResponseLimits())
    collector.take(header: "HTTP/1.1 200 OK\r\n", goesOn: true)
    let bytes: [UInt8] = [0x41, 0x3A, 0xFF, 0xC3, 0x0D, 0x0A]
    let goesOn = bytes.withUnsafeBytes { collector.takeHeaderLine($0) }
    #expect(goesOn)
    #expect(collector.headers == [ResponseHeader(name: "A", value: "\u{FFFD}\u{FFFD}")])
  }

  @Test("the limits hold to the byte")
  func limits() {
    var header = ResponseCollector(limits: ResponseLimits(headerBytes: 10))
    header.take(header: "HTTP/1 2\r\n", goesOn: true)
    header.take(header: "\n", goesOn: false)
    #expect(header.stop == .header)
    var body = ResponseCollector(limits: ResponseLimits(bodyBytes: 4, keptBytes: 9))
    body.take(body: "abcd", goesOn: true)
    #expect(!body.isBodyTruncated && body.stop == nil)
    body.take(body: "e", goesOn: false)
    #expect(body.isBodyTruncated && body.stop == .body)
    #expect(body.body == Array("abcd".utf8))
  }

  @Test("noise is taken within the limits")
  func noise() {
    var generator = SeededGenerator(state: 13)
    let alphabet = Array("HTP/1. 0\r\n:aA\t\0é".utf8)
    for _ in 0..<2000 {
      var collector = ResponseCollector(
        limits: ResponseLimits(headerBytes: 200, bodyBytes: 100, keptBytes: 50))
      for _ in 0..<20 {
        let bytes = (0..<Int.random(in: 0...30, using: &generator)).map { _ in
          alphabet.randomElement(using: &generator) ?? 0
        }
        let goesOn = bytes.withUnsafeBytes {
          Bool.random(using: &generator) ? collector.takeHeaderLine($0) : collector.takeBody($0)
        }
        #expect(goesOn == (collector.stop == nil))
        if !goesOn { break }
      }
      #expect(collector.body.count <= 50)
      #expect(collector.headers.reduce(0) { $0 + $1.name.utf8.count } <= 600)
    }
  }
}

extension ResponseCollector {
  fileprivate mutating func take(header line: String, goesOn expected: Bool) {
    let goesOn = Array(line.utf8).withUnsafeBytes { takeHeaderLine($0) }
    #expect(goesOn == expected)
  }

  fileprivate mutating func take(body: String, goesOn expected: Bool) {
    let goesOn = Array(body.utf8).withUnsafeBytes { takeBody($0) }
    #expect(goesOn == expected)
  }
}
