import NetworkAddress
import OutboundHTTP
import Testing

@Suite struct ExchangeTests {
  @Test("a request arrives as it was given, and its response comes back")
  func post() async throws {
    let server = try FaultServer.answering(
      "HTTP/1.1 200 OK\r\nContent-Type:  text/plain \r\nX-Two: a\r\nx-two: b\r\nContent-Length: 5\r\n\r\nhello"
    )
    let headers = try [
      OutboundHeader("Content-Type", "application/json"), OutboundHeader("webhook-id", "msg_1"),
      OutboundHeader("X-Empty", ""), OutboundHeader("X-Tab", "a\tb"), OutboundHeader("X-Same", "1"),
      OutboundHeader("X-Same", "2"),
    ]
    let response = try await withClient { client in
      try await client.send(
        try Given.request(port: server.port, path: "/a/../b?c=%20", headers: headers, body: "{}")
      ).response
    }
    #expect(response.status == 200)
    #expect(
      response.headers == [
        ResponseHeader(name: "Content-Type", value: "text/plain"),
        ResponseHeader(name: "X-Two", value: "a"),
        ResponseHeader(name: "x-two", value: "b"),
        ResponseHeader(name: "Content-Length", value: "5"),
      ])
    #expect(response.header("X-TWO") == "a")
    #expect(response.header("x-one") == nil)
    #expect(response.body == Array("hello".utf8))
    #expect(!response.isBodyTruncated)
    #expect(response.peer == Given.loopback)
    #expect(response.version == .http1_1)
    #expect(!response.didReuseConnection)
    #expect(response.timings.connect != nil && response.timings.firstByte != nil)
    #expect(response.timings.resolve == nil && response.timings.tls == nil)
    #expect(response.timings.total > .zero)

    let request = try #require(server.requests.first)
    #expect(request.flaws == [])
    #expect(request.line == "POST /a/../b?c=%20 HTTP/1.1")
    #expect(request.values(of: "host") == ["127.0.0.1:\(server.port)"])
    #expect(request.values(of: "user-agent") == ["integrationd"])
    #expect(request.body == Array("{}".utf8))
    let given = request.headers.filter {
      !["Host", "User-Agent", "Accept", "Content-Length"].contains($0.prefix { $0 != ":" })
    }
    #expect(
      given
        == [
          "Content-Type: application/json", "webhook-id: msg_1", "X-Empty: ", "X-Tab: a\tb",
          "X-Same: 1", "X-Same: 2",
        ].map { $0 == "X-Empty: " ? "X-Empty:" : $0 })
  }

  @Test(
    "each method is sent with the length of its body, and none where it has none",
    arguments: [
      (OutboundMethod.get, "", nil), (.head, "", nil), (.post, "", "0"), (.post, "a=b", "3"),
      (.put, "", "0"),
      (.put, "ab", "2"), (.patch, "abc", "3"), (.delete, "", nil), (.delete, "abcd", "4"),
    ] as [(OutboundMethod, String, String?)])
  func methods(method: OutboundMethod, body: String, length: String?) async throws {
    let server = try FaultServer { connection in
      while let request = connection.readRequest() {
        connection.write(request.line.hasPrefix("HEAD") ? ok.replacing("ok", with: "") : ok)
      }
    }
    try await withClient { client in
      // Twice, with something else in between: handles are used again, and nothing sticks to them.
      for _ in 0..<2 {
        let request = try Given.request(method, port: server.port, body: body)
        #expect(try await client.send(request).response.status == 200)
        _ = try await client.send(try Given.request(.put, port: server.port, body: "else")).response
        _ = try await client.send(try Given.request(.head, port: server.port)).response
      }
    }
    let sent = server.requests.filter {
      $0.body == Array(body.utf8) && $0.line.hasPrefix("\(method.rawValue) ")
    }
    #expect(sent.count >= 2)
    for request in server.requests { #expect(request.flaws == []) }
    for request in sent {
      #expect(request.values(of: "content-length") == [length].compactMap { $0 })
      #expect(request.values(of: "content-type") == [])
    }
  }

  @Test(
    "a body on GET or HEAD is refused before anybody is dialled",
    arguments: [OutboundMethod.get, .head])
  func bodies(method: OutboundMethod) async throws {
    let server = try FaultServer.answering(ok)
    let result = try await withClient { client in
      await client.send(try Given.request(method, port: server.port, body: "x"))
    }
    #expect(result.failure?.cause == .invalidRequest)
    #expect(server.connections == 0)
  }

  @Test("a large body arrives whole")
  func largeBody() async throws {
    let server = try FaultServer.answering(ok)
    let body = String(repeating: "0123456789abcdef", count: 200_000)
    try await withClient { client in
      _ = try await client.send(try Given.request(port: server.port, body: body)).response
    }
    #expect(server.requests.first?.body.count == 3_200_000)
    #expect(server.requests.first?.flaws == [])
  }

  @Test(
    "whatever the status, it is a response",
    arguments: [
      200, 201, 204, 299, 300, 301, 302, 303, 304, 307, 308, 400, 401, 404, 410, 429, 500, 503, 599,
    ])
  func statuses(status: Int) async throws {
    let bodiless = [204, 304].contains(status)
    let server = try FaultServer.answering(
      "HTTP/1.1 \(status) Whatever\r\n" + (bodiless ? "\r\n" : "content-length: 1\r\n\r\nx"))
    let response = try await withClient { client in
      try await client.send(try Given.request(port: server.port)).response
    }
    #expect(response.status == status)
    #expect(response.body.count == (bodiless ? 0 : 1))
  }

  @Test("a redirect is not followed, wherever it leads", arguments: [301, 302, 303, 307, 308])
  func redirects(status: Int) async throws {
    let honeypot = try FaultServer.answering(ok)
    let location = "http://127.0.0.1:\(honeypot.port)/secret"
    let server = try FaultServer.answering(
      """
      HTTP/1.1 \(status) Go\r
      Location: \(location)\r
      Refresh: 0; url=\(location)\r
      Set-Cookie: a=b\r
      Alt-Svc: h2="127.0.0.1:\(honeypot.port)"\r
      content-length: 0\r
      \r

      """)
    try await withClient { client in
      for _ in 0..<2 {
        let response = try await client.send(try Given.request(port: server.port)).response
        #expect(response.status == status)
        #expect(response.header("location") == location)
      }
    }
    #expect(honeypot.connections == 0)
    #expect(server.requests.count == 2)
    #expect(server.requests.allSatisfy { $0.flaws == [] })
  }

  @Test("interim responses are passed over")
  func interim() async throws {
    let server = try FaultServer.answering(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + "HTTP/1.1 202 Accepted\r\nX: y\r\ncontent-length: 0\r\n\r\n")
    let response = try await withClient { client in
      try await client.send(try Given.request(port: server.port)).response
    }
    #expect(response.status == 202)
    #expect(response.headers.map(\.name) == ["X", "content-length"])
  }

  @Test("chunks are put together, and trailers are no headers")
  func chunks() async throws {
    let server = try FaultServer.answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
    )
    let response = try await withClient { client in
      try await client.send(try Given.request(port: server.port)).response
    }
    #expect(response.body == Array("abcde".utf8))
    #expect(response.header("x-trailer") == nil)
  }

  @Test("a body without a length ends with the connection")
  func untilClose() async throws {
    let server = try FaultServer { connection in
      guard connection.readRequest() != nil else { return }
      connection.write("HTTP/1.0 200 OK\r\n\r\nall of it")
    }
    let response = try await withClient { client in
      try await client.send(try Given.request(port: server.port)).response
    }
    #expect(response.body == Array("all of it".utf8))
    #expect(response.version == .http1_0)
  }

  @Test("a compressed body is left as it is", arguments: ["gzip", "deflate", "br", "zstd"])
  func compressed(coding: String) async throws {
    let body: [UInt8] = [
      0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 3, 0x4B, 0x04, 0, 0x43, 0xBE, 0xB7, 0xE8, 1, 0, 0, 0,
    ]
    let server = try FaultServer { connection in
      while connection.readRequest() != nil {
        connection.write(
          Array(
            "HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\ncontent-length: \(body.count)\r\n\r\n"
              .utf8) + body)
      }
    }
    let response = try await withClient { client in
      try await client.send(try Given.request(port: server.port)).response
    }
    #expect(response.body == body)
    #expect(response.header("content-encoding") == coding)
  }

  @Test("connections are used again, by requests one behind the other and at a time")
  func reuse() async throws {
    let server = try FaultServer.answering(ok)
    try await withClient { client in
      for index in 0..<20 {
        let response = try await client.send(try Given.request(port: server.port, body: "\(index)"))
          .response
        #expect(response.didReuseConnection == (index > 0))
        #expect((response.timings.connect == nil) == (index > 0))
      }
      #expect(server.connections == 1)
      try await withThrowingTaskGroup { group in
        for index in 0..<200 {
          group.addTask {
            let response = try await client.send(
              try Given.request(port: server.port, body: "\(index)")
            ).response
            #expect(response.body == Array("ok".utf8))
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(server.requests.count == 220)
    #expect(server.requests.allSatisfy { $0.flaws == [] })
    #expect(server.connections <= 200)
  }
}
