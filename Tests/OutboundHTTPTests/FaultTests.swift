import Glibc
import NetworkAddress
import OutboundHTTP
import Testing

/// What the other side may do wrong.
@Suite struct FaultTests {
  static let short = OutboundTimeouts(
    resolve: .seconds(20), connect: .seconds(20), tls: .seconds(20), firstByte: .seconds(20),
    total: .milliseconds(300))

  @Test(
    "a connection that ends early is a failure, and says how far the request may have come",
    arguments: [
      ("", nil), ("HTTP/1.1 20", nil), ("HTTP/1.1 200 OK\r\n", 200),
      ("HTTP/1.1 200 OK\r\ncontent-le", 200),
      ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n", 200),
      ("HTTP/1.1 503 No\r\ncontent-length: 10\r\n\r\nhalf", 503),
      ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", 200),
      ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabcde\r\n", 200),
    ] as [(String, Int?)], [true, false])
  func early(end: (sent: String, status: Int?), isReset: Bool) async throws {
    let server = try FaultServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.write(end.sent)
      // A reset overtakes what was sent unless the other side has it.
      if isReset { connection.reset() } else { connection.close() }
    }
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port, body: "x"))
    }
    let failure = try #require(result.failure)
    #expect(failure.cause == .connectionLost)
    #expect(failure.requestMayHaveArrived)
    #expect(failure.peer == Given.loopback)
    if !isReset { #expect(failure.status == end.status) }
    #expect(!failure.cause.isOurs)
    #expect(failure.description.hasPrefix("connection_lost: "))
    #expect(failure.timings.connect != nil)
    #expect(failure.timings.total > .zero)
  }

  @Test(
    "what is not HTTP is a protocol error",
    arguments: [
      "hello\r\n\r\n", "\0\0\0\0\0\0\0\0\0\0", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/9.9 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffffffff\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    ])
  func noHTTP(sent: String) async throws {
    let server = try FaultServer.answering(sent)
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port, timeouts: Self.short))
    }
    // What libcurl takes for the beginning of something, or for harmless, may come to another end;
    // it must come to one.
    switch result {
    case .failure(let failure):
      #expect(
        [.protocolError, .connectionLost, .totalTimeout].contains(failure.cause), "\(failure)")
      #expect(!failure.cause.isOurs)
      #expect(failure.requestMayHaveArrived)
    case .success(let response): #expect(response.status == 200)
    }
  }

  @Test("a transfer coding that nobody asked for is refused, before anything is inflated")
  func transferCoding() async throws {
    let server = try FaultServer.answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port))
    }
    #expect(result.failure?.cause == .protocolError)
    #expect(result.failure?.message.contains("transfer coding") == true)
  }

  @Test(
    "an endless body is read up to its limit; the response counts, and the connection is closed")
  func endlessBody() async throws {
    let server = try FaultServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
      let chunk = "1000\r\n" + String(repeating: "a", count: 4096) + "\r\n"
      while connection.write(chunk) {}
    }
    let limits = ResponseLimits(bodyBytes: 64 * 1024, keptBytes: 1000)
    try await withClient { client in
      let response = try await client.send(try Given.request(port: server.port, limits: limits))
        .response
      #expect(response.status == 200)
      #expect(response.isBodyTruncated)
      #expect(response.body == Array(repeating: 0x61, count: 1000))
      #expect(try Loopback.socketsConnected(to: server.port) == 0)
    }
  }

  @Test(
    "of a body that may be read, what is over the other limit is not kept",
    arguments: [
      (10, 10, false), (11, 10, true), (100, 10, true), (0, 10, false), (100, 100, false),
      (101, 0, true),
    ])
  func keptBody(size: Int, kept: Int, isTruncated: Bool) async throws {
    let server = try FaultServer.answering(
      "HTTP/1.1 200 OK\r\ncontent-length: \(size)\r\n\r\n" + String(repeating: "b", count: size))
    let limits = ResponseLimits(bodyBytes: 100, keptBytes: kept)
    let response = try await withClient { client in
      try await client.send(try Given.request(port: server.port, limits: limits)).response
    }
    #expect(response.body.count == min(size, kept))
    #expect(response.isBodyTruncated == isTruncated)
  }

  enum LargeHeader: CaseIterable {
    case longField, manyFields, manyInterims, manyTrailers

    var text: String {
      let fields = String(repeating: "a: b\r\n", count: 12_000)
      return switch self {
      case .longField: "HTTP/1.1 200 OK\r\nX: \(String(repeating: "a", count: 70_000))\r\n\r\n"
      case .manyFields: "HTTP/1.1 200 OK\r\n\(fields)\r\n"
      case .manyInterims: String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 3000)
      case .manyTrailers:
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\(fields)\r\n"
      }
    }
  }

  @Test("a header beyond its limit is a failure, however it comes", arguments: LargeHeader.allCases)
  func largeHeader(header: LargeHeader) async throws {
    let server = try FaultServer.answering(header.text)
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port))
    }
    #expect(result.failure?.cause == .responseTooLarge)
    #expect(result.failure?.requestMayHaveArrived == true)
  }

  @Test("who takes the request and says nothing runs into the time of the first byte")
  func silence() async throws {
    let server = try FaultServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.awaitHangUp()
    }
    let timeouts = OutboundTimeouts(firstByte: .milliseconds(50))
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port, body: "x", timeouts: timeouts))
    }
    let failure = try #require(result.failure)
    #expect(failure.cause == .firstByteTimeout)
    #expect(failure.requestMayHaveArrived)
    #expect(failure.timings.firstByte == nil)
  }

  @Test(
    "who drips runs into the time for everything",
    arguments: ["", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"])
  func drip(start: String) async throws {
    let server = try FaultServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.write(start)
      while connection.write("a") { usleep(2000) }
    }
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port, timeouts: Self.short))
    }
    let failure = try #require(result.failure)
    // Not HTTP from the first byte on, unless it begins like it.
    #expect(
      failure.cause == .totalTimeout || start.isEmpty && failure.cause == .protocolError,
      "\(failure)")
  }

  @Test("a response that began is not held to the time of the first byte")
  func slowButBegun() async throws {
    let server = try FaultServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.write("HTTP/1.1 200 OK\r\n")
      connection.awaitHangUp()
    }
    // The alarm of the first byte goes off long before the other.
    let timeouts = OutboundTimeouts(firstByte: .milliseconds(100), total: .milliseconds(600))
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port, timeouts: timeouts))
    }
    #expect(result.failure?.cause == .totalTimeout)
    #expect(result.failure?.timings.firstByte != nil)
  }

  @Test("a deadline that is sooner than the time for everything counts")
  func deadline() async throws {
    let server = try FaultServer { $0.awaitHangUp() }
    try await withClient { client in
      var timeouts = OutboundTimeouts()
      timeouts.deadline = client.loop.now.advanced(by: .milliseconds(80))
      let result = await client.send(try Given.request(port: server.port, timeouts: timeouts))
      #expect(result.failure?.cause == .totalTimeout)
    }
  }

  @Test("a port that nobody listens on refuses")
  func refused() async throws {
    let (descriptor, port) = try Loopback.refusedPort()
    defer { close(descriptor) }
    let result = try await withClient { client in
      await client.send(try Given.request(port: port, body: "x"))
    }
    let failure = try #require(result.failure)
    #expect(failure.cause == .connectRefused)
    #expect(!failure.requestMayHaveArrived)
    #expect(failure.peer == nil)
    #expect(failure.message.contains("127.0.0.1"))
    #expect(failure.timings.connect == nil)
  }

  @Test("a listener whose queue is full lets connecting run out of time")
  func neverAccepts() async throws {
    let server = try FaultServer(acceptsNobody: true) { _ in }
    let blockers = (0..<4).map { _ in Loopback.connect(to: server.port) }
    defer { for descriptor in blockers { close(descriptor) } }
    let timeouts = OutboundTimeouts(connect: .milliseconds(100))
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port, timeouts: timeouts))
    }
    let failure = try #require(result.failure)
    #expect(failure.cause == .connectTimeout)
    #expect(!failure.requestMayHaveArrived)
    #expect(failure.peer == nil)
  }

  @Test("a kept connection that is closed as it is used again never makes a request arrive twice")
  func closedKeepAlive() async throws {
    let server = try FaultServer { connection in
      // One request each, without a word about it.
      guard connection.readRequest() != nil else { return }
      connection.write(ok)
    }
    try await withClient { client in
      for index in 0..<30 {
        let result = await client.send(try Given.request(port: server.port, body: "\(index)"))
        // It is a matter of luck whether the end is seen before the next request is sent.
        let cause = result.failure?.cause
        #expect(
          cause == nil || cause == .staleConnection, "\(String(describing: result.failure))")
      }
    }
    #expect(Set(server.requests.map(\.body)).count == server.requests.count)
  }

  @Test("a request that meets the end of a kept connection fails, and the next has a new one")
  func resetKeepAlive() async throws {
    let server = try FaultServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.write(ok)
      guard connection.readRequest() != nil else { return }
      connection.reset()
    }
    try await withClient { client in
      for index in 0..<6 {
        let result = await client.send(try Given.request(port: server.port, body: "\(index)"))
        if index % 2 == 0 {
          #expect(try result.response.status == 200)
        } else {
          #expect(result.failure?.cause == .staleConnection)
          #expect(result.failure?.requestMayHaveArrived == true)
        }
      }
    }
    #expect(server.requests.count == 6)
    #expect(server.connections == 3)
  }

  @Test("a response that comes while the body is still being sent is taken")
  func earlyAnswer() async throws {
    let server = try FaultServer { connection in
      connection.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
      connection.awaitHangUp()
    }
    let body = String(repeating: "a", count: 8_000_000)
    let result = try await withClient { client in
      await client.send(
        try Given.request(
          port: server.port, body: body, timeouts: OutboundTimeouts(total: .seconds(20))))
    }
    #expect(try result.response.status == 413)
  }

  @Test("a request that breaks off in its body is a failure of sending, or of the connection")
  func resetWhileSending() async throws {
    let server = try FaultServer { $0.reset() }
    let body = String(repeating: "a", count: 8_000_000)
    let result = try await withClient { client in
      await client.send(try Given.request(port: server.port, body: body))
    }
    let failure = try #require(result.failure)
    #expect([.sendFailed, .connectionLost, .connectFailed].contains(failure.cause))
  }

  @Test("bytes at random never bring anything down")
  func noise() async throws {
    let server = try FaultServer { connection in
      var generator = SystemRandomNumberGenerator()
      guard connection.readRequest() != nil else { return }
      let starts = [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.",
      ]
      connection.write(starts.randomElement(using: &generator) ?? "")
      connection.write(
        (0..<Int.random(in: 0...300)).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }
    try await withClient { client in
      try await withThrowingTaskGroup { group in
        for _ in 0..<300 {
          group.addTask {
            let result = await client.send(
              try Given.request(port: server.port, timeouts: Self.short))
            if let failure = result.failure {
              #expect(!failure.cause.isOurs, "\(failure.description)")
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }
}
