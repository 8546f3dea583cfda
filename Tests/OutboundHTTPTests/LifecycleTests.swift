import Glibc
import NetworkAddress
import OutboundHTTP
import Reactor
import Synchronization
import Testing

@Suite struct LifecycleTests {
  /// Takes connections and requests, and says nothing.
  static func silentServer() throws -> FaultServer {
    try FaultServer { connection in
      while connection.readRequest() != nil {}
    }
  }

  @Test("a cancelled task ends its request, and the connection with it")
  func cancelExchange() async throws {
    let server = try Self.silentServer()
    try await withClient { client in
      let task = Task { await client.send(try Given.request(port: server.port, body: "x")) }
      try await eventually { server.requests.count == 1 }
      task.cancel()
      let failure = try #require(try await task.value.failure)
      #expect(failure.cause == .cancelled)
      #expect(failure.cause.isOurs)
      #expect(failure.requestMayHaveArrived)
      #expect(try Loopback.socketsConnected(to: server.port) == 0)
      #expect(await client.loop.run { client.inFlight } == 0)
    }
  }

  @Test("a task that is cancelled before it begins sends nothing")
  func cancelBefore() async throws {
    let server = try FaultServer.answering(ok)
    try await withClient { client in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await client.send(try Given.request(port: server.port))
      }
      let result = try await task.value
      #expect(result.failure?.cause == .cancelled)
    }
    #expect(server.requests.isEmpty)
  }

  @Test("a task can be cancelled while its name is looked up")
  func cancelLookup() async throws {
    let resolver = SilentResolver()
    try await withClient(resolver: resolver) { client in
      let task = Task {
        await client.send(OutboundRequest(.get, try OutboundURL("https://slow.test")))
      }
      try await eventually { resolver.count == 1 }
      task.cancel()
      #expect(try await task.value.failure?.cause == .cancelled)
      resolver.answerAll(.addresses([Given.loopback]))
    }
  }

  @Test("a task can be cancelled while it connects")
  func cancelConnecting() async throws {
    let server = try FaultServer(acceptsNobody: true) { _ in }
    let blockers = (0..<4).map { _ in Loopback.connect(to: server.port) }
    defer { for descriptor in blockers { close(descriptor) } }
    try await withClient { client in
      let isOver = Guarded(false)
      let task = Task {
        defer { isOver.withLock { $0 = true } }
        return await client.send(try Given.request(port: server.port))
      }
      while await client.loop.run({ client.inFlight }) == 0, !isOver.withLock({ $0 }) {
        await Task.yield()
      }
      task.cancel()
      let failure = try #require(try await task.value.failure)
      #expect(failure.cause == .cancelled)
      #expect(!failure.requestMayHaveArrived)
      #expect(failure.peer == nil)
    }
  }

  @Test(
    "a client that is closed cancels what is under way, refuses what comes, and leaves no descriptor"
  )
  func closing() async throws {
    let silent = try Self.silentServer()
    let server = try FaultServer.answering(ok)
    let resolver = SilentResolver()
    try await withClient(resolver: resolver) { client in
      for _ in 0..<5 { _ = try await client.send(try Given.request(port: server.port)).response }
      let tasks = (0..<10).map { _ in
        Task { await client.send(try Given.request(port: silent.port)) }
      }
      let lookup = Task {
        await client.send(OutboundRequest(.get, try OutboundURL("https://slow.test")))
      }
      try await eventually { silent.requests.count == 10 && resolver.count == 1 }
      #expect(try Loopback.socketsConnected(to: server.port) == 1)
      await client.close()
      #expect(try Loopback.socketsConnected(to: server.port) == 0)
      #expect(try Loopback.socketsConnected(to: silent.port) == 0)
      for task in tasks + [lookup] {
        let failure = try #require(try await task.value.failure)
        #expect(failure.cause == .cancelled)
        #expect(failure.message == "the client was closed")
      }
      await client.close()
      let late = await client.send(try Given.request(port: server.port))
      #expect(late.failure?.cause == .cancelled)
      resolver.answerAll(.notFound)
    }
    #expect(server.connections == 1)
  }

  @Test(
    "more requests than may be under way are refused at once, and there is room again afterwards")
  func overload() async throws {
    let release = Mutex(false)
    let server = try FaultServer { connection in
      while connection.readRequest() != nil {
        while !release.withLock({ $0 }) { usleep(1000) }
        connection.write(ok)
      }
    }
    let configuration = OutboundConfiguration(limits: OutboundLimits(maxInFlight: 3))
    try await withClient(configuration) { client in
      let request = try Given.request(port: server.port)
      let tasks = (0..<3).map { _ in Task { await client.send(request) } }
      try await eventually { server.requests.count == 3 }
      let failure = try #require(await client.send(request).failure)
      #expect(failure.cause == .overloaded)
      #expect(failure.cause.isOurs)
      #expect(!failure.requestMayHaveArrived)
      release.withLock { $0 = true }
      for task in tasks { #expect(try await task.value.response.status == 200) }
      #expect(try await client.send(request).response.status == 200)
    }
  }

  @Test("after all faults and all kinds of ends, no descriptor is left")
  func descriptors() async throws {
    let server = try FaultServer { connection in
      guard let request = connection.readRequest() else { return }
      switch request.values(of: "x-fault").first {
      case "reset": connection.reset()
      case "half": connection.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab")
      case "silent": connection.awaitHangUp()
      case "large": while connection.write(String(repeating: "x", count: 1000)) {}
      default: connection.write(ok)
      }
    }
    try await withClient { client in
      try await withThrowingTaskGroup { group in
        for index in 0..<100 {
          let fault = ["none", "reset", "half", "silent", "large"][index % 5]
          group.addTask {
            let request = try Given.request(
              port: server.port, headers: [try OutboundHeader("x-fault", fault)],
              timeouts: OutboundTimeouts(total: .milliseconds(fault == "silent" ? 50 : 20_000)))
            _ = await client.send(request)
          }
        }
        try await group.waitForAll()
      }
      await client.close()
      #expect(try Loopback.socketsConnected(to: server.port) == 0)
    }
  }

  @Test("connections that nobody used for their lifetime are closed, and made anew when needed")
  func idleConnections() async throws {
    let server = try FaultServer.answering(ok)
    let limits = OutboundLimits(idleLifetime: .milliseconds(100))
    try await withClient(OutboundConfiguration(limits: limits)) { client in
      let request = try Given.request(port: server.port)
      for expected in 1...3 {
        #expect(try await client.send(request).response.status == 200)
        #expect(server.connections == expected)
        try await eventually { try Loopback.socketsConnected(to: server.port) == 0 }
      }
    }
  }

  @Test("idle connections beyond their number are closed")
  func idleLimit() async throws {
    let gate = Mutex(0)
    let server = try FaultServer { connection in
      while connection.readRequest() != nil {
        // All answer together, so that each has a connection of its own.
        gate.withLock { $0 += 1 }
        while gate.withLock({ $0 }) < 12 { usleep(1000) }
        connection.write(ok)
      }
    }
    let limits = OutboundLimits(maxInFlight: 12, maxIdleConnections: 0)
    try await withClient(OutboundConfiguration(limits: limits)) { client in
      let request = try Given.request(port: server.port)
      try await withThrowingTaskGroup { group in
        for _ in 0..<12 { group.addTask { _ = try await client.send(request).response } }
        try await group.waitForAll()
      }
      #expect(try Loopback.socketsConnected(to: server.port) <= 12)
      // A thirteenth, to another host, takes the place of one of them.
      let other = try FaultServer.answering(ok)
      _ = try await client.send(try Given.request(port: other.port)).response
      let kept = try Loopback.socketsConnected(to: server.port)
      let more = try Loopback.socketsConnected(to: other.port)
      #expect(kept + more <= 12)
    }
  }

  @Test("a thousand requests are under way at a time, each with a task of its own")
  func thousand() async throws {
    let server = try FaultServer.answering(ok)
    try await withClient { client in
      await client.loop.run {
        await withTaskGroup(of: Bool.self) { group in
          for _ in 0..<1000 {
            group.addTask(executorPreference: client.loop) {
              guard
                let request = try? Given.request(
                  port: server.port,
                  timeouts: OutboundTimeouts(
                    connect: .seconds(60), firstByte: .seconds(60), total: .seconds(120)))
              else { return false }
              return (try? await client.send(request).response.status) == 200
            }
          }
          var good = 0
          for await isGood in group where isGood { good += 1 }
          #expect(good == 1000)
        }
      }
    }
    #expect(server.requests.count == 1000)
  }

  @Test("an environment that names a proxy is not looked at")
  func proxies() async {
    // In a process of its own: an environment must not change while others read it.
    await #expect(processExitsWith: .success) {
      let proxy = try FaultServer.answering(ok)
      let server = try FaultServer.answering(ok)
      for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        setenv(name, "http://127.0.0.1:\(proxy.port)", 1)
      }
      try await withClient { client in
        _ = try await client.send(try Given.request(port: server.port)).response
      }
      guard proxy.connections == 0, server.requests.count == 1 else { exit(EXIT_FAILURE) }
    }
  }
}
