import NetworkAddress
import OutboundHTTP
import Reactor
import Synchronization
import Testing

/// Which addresses are dialled for a name.
@Suite struct AddressGuardTests {
  static let publicAddress = IPAddress.v4(0x0808_0808)
  static let noAnswers = OutboundConfiguration(limits: OutboundLimits(answerLifetime: .zero))

  @Test("a name is dialled at the address that was found, and keeps its name in the request")
  func named() async throws {
    let server = try FaultServer.answering(ok)
    let asked = Mutex<[String]>([])
    let resolver = ClosureResolver { name in
      asked.withLock { $0.append(name) }
      return .addresses([Given.loopback])
    }
    try await withClient(resolver: resolver) { client in
      for index in 0..<3 {
        let response = try await client.send(
          try Given.request(port: server.port, host: "Hooks.Example.test")
        ).response
        #expect(response.peer == Given.loopback)
        #expect(response.didReuseConnection == (index > 0))
        #expect((response.timings.resolve != nil) == (index == 0))
      }
    }
    #expect(asked.withLock { $0 } == ["hooks.example.test"])
    #expect(
      server.requests.allSatisfy { $0.values(of: "host") == ["hooks.example.test:\(server.port)"] })
    #expect(server.connections == 1)
  }

  @Test(
    "one forbidden address among the answers refuses the name, wherever it stands",
    arguments: [0, 1, 500, 999])
  func mixedAnswers(position: Int) async throws {
    let honeypot = try FaultServer.answering(ok)
    var answers = (0..<1000).map { IPAddress.v4(0x0800_0000 + UInt32($0)) }
    answers[position] = Given.loopback
    let resolver = ClosureResolver { [answers] _ in .addresses(answers) }
    let result = try await withClient(resolver: resolver) { client in
      var request = try Given.request(port: honeypot.port, host: "mixed.test")
      request.policy = AddressPolicy()
      return await client.send(request)
    }
    let failure = try #require(result.failure)
    #expect(
      failure.cause
        == .forbiddenAddress(Given.loopback, AddressPolicy().verdict(on: Given.loopback)))
    #expect(!failure.requestMayHaveArrived)
    #expect(!failure.cause.isOurs)
    #expect(failure.message.contains("127.0.0.1, which is in 127.0.0.0/8 (loopback"))
    #expect(honeypot.connections == 0)
  }

  @Test("a name that changes its answer is judged by the new one", arguments: [true, false])
  func rebinding(isKept: Bool) async throws {
    let server = try FaultServer.answering(ok)
    let forbidden = IPAddress.v4(0xA9FE_A9FE)
    let turn = Mutex(0)
    let resolver = ClosureResolver { _ in
      let number = turn.withLock { turn in
        turn += 1
        return turn
      }
      return .addresses([number == 1 ? Given.loopback : forbidden])
    }
    let configuration = isKept ? OutboundConfiguration() : Self.noAnswers
    try await withClient(configuration, resolver: resolver) { client in
      let request = try Given.request(port: server.port, host: "flip.test")
      #expect(try await client.send(request).response.status == 200)
      // The connection to the first address is still there, and still to be had for that address.
      let second = await client.send(request)
      if isKept {
        #expect(try second.response.peer == Given.loopback)
      } else {
        guard case .forbiddenAddress(forbidden, _) = second.failure?.cause else {
          Issue.record("\(second)")
          return
        }
      }
    }
    #expect(server.requests.count == (isKept ? 2 : 1))
  }

  @Test("a kept connection serves only those whose policy allows its address")
  func policyPerRequest() async throws {
    let server = try FaultServer.answering(ok)
    let resolver = ClosureResolver { _ in .addresses([Given.loopback]) }
    for host in ["same.test", "127.0.0.1"] {
      try await withClient(resolver: resolver) { client in
        let allowed = try Given.request(port: server.port, host: host)
        var denied = allowed
        denied.policy = AddressPolicy()
        #expect(try await client.send(allowed).response.status == 200)
        let failure = try #require(await client.send(denied).failure)
        #expect(failure.cause.name == "forbidden_address")
        #expect(try await client.send(allowed).response.didReuseConnection)
      }
    }
    #expect(server.requests.count == 4)
  }

  @Test("a kept connection serves only requests for its address, though the name is the same")
  func connectionPerAddress() async throws {
    let server = try FaultServer.answering(ok)
    let addresses = [Given.loopback, IPAddress.v4(0x7F00_0002), Given.loopback]
    let turn = Mutex(0)
    let resolver = ClosureResolver { _ in
      let number = turn.withLock { turn in
        turn += 1
        return turn - 1
      }
      return .addresses([addresses[number]])
    }
    // The second address is this host's as well, but nobody listens there.
    try await withClient(Self.noAnswers, resolver: resolver) { client in
      let request = try Given.request(port: server.port, host: "moving.test")
      #expect(try await client.send(request).response.peer == addresses[0])
      #expect(await client.send(request).failure?.cause == .connectRefused)
      #expect(try await client.send(request).response.didReuseConnection)
    }
  }

  @Test("an address in the URL is judged without being looked up")
  func literals() async throws {
    let resolver = ClosureResolver { name in
      Issue.record("\(name) was looked up")
      return .notFound
    }
    try await withClient(resolver: resolver) { client in
      for host in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[fd00:ec2::254]"] {
        let request = OutboundRequest(.post, try Given.url("http://\(host):8080/"))
        #expect(await client.send(request).failure?.cause.name == "forbidden_address")
      }
    }
  }

  @Test(
    "an address that does not answer leaves the time to the next, which is tried first from then on"
  )
  func nextAddress() async throws {
    let server = try FaultServer.answering(ok)
    let dead = IPAddress.v4(0x7F00_0003)
    let resolver = ClosureResolver { _ in .addresses([dead, .v6(1), Given.loopback]) }
    try await withClient(resolver: resolver) { client in
      let request = try Given.request(port: server.port, host: "several.test")
      let first = try await client.send(request).response
      #expect(first.peer == Given.loopback)
      let second = try await client.send(request).response
      #expect(second.peer == Given.loopback && second.didReuseConnection)
    }
  }

  @Test("when no address takes the connection, the failure is that of the last")
  func noAddressLeft() async throws {
    let (descriptor, port) = try Loopback.refusedPort()
    defer { _ = descriptor }
    let resolver = ClosureResolver { _ in .addresses([.v4(0x7F00_0003), Given.loopback]) }
    let result = try await withClient(resolver: resolver) { client in
      await client.send(try Given.request(port: port, host: "none.test"))
    }
    let failure = try #require(result.failure)
    #expect(failure.cause == .connectRefused)
    #expect(failure.message.contains("none.test (127.0.0.1)"))
  }

  @Test(
    "an address that swallows connections takes only its share of the time")
  func blackhole() async throws {
    let hole = try FaultServer(acceptsNobody: true) { _ in }
    let blockers = (0..<4).map { _ in Loopback.connect(to: hole.port) }
    defer { for descriptor in blockers { Loopback.end(descriptor) } }
    // Both addresses swallow: each has had its share when the time is over.
    let resolver = ClosureResolver { _ in .addresses([Given.loopback, Given.loopback]) }
    let result = try await withClient(resolver: resolver) { client in
      await client.send(
        try Given.request(
          port: hole.port, host: "hole.test",
          timeouts: OutboundTimeouts(connect: .milliseconds(150))))
    }
    #expect(result.failure?.cause == .connectTimeout)
  }

  @Test("who is not found and who cannot be asked are told apart")
  func answers() async throws {
    let resolver = ClosureResolver { name in
      switch name {
      case "missing.test": .notFound
      case "empty.test": .addresses([])
      default: .unavailable("the servers sleep")
      }
    }
    try await withClient(resolver: resolver) { client in
      for host in ["missing.test", "empty.test"] {
        let failure = try #require(
          await client.send(OutboundRequest(.get, try OutboundURL("https://\(host)"))).failure)
        #expect(failure.cause == .nameNotFound)
        #expect(!failure.cause.isOurs)
        #expect(failure.timings.resolve != nil)
      }
      let failure = try #require(
        await client.send(OutboundRequest(.get, try OutboundURL("https://other.test"))).failure)
      #expect(failure.cause == .resolverUnavailable)
      #expect(failure.cause.isOurs)
      #expect(failure.message.contains("the servers sleep"))
    }
  }

  @Test("a lookup that never ends does not keep the request")
  func stuckLookup() async throws {
    let resolver = SilentResolver()
    try await withClient(resolver: resolver) { client in
      let timeouts = OutboundTimeouts(resolve: .milliseconds(30))
      let request = OutboundRequest(.get, try OutboundURL("https://stuck.test"), timeouts: timeouts)
      #expect(await client.send(request).failure?.cause == .resolverUnavailable)
      // The answer comes when nobody waits for it any more.
      resolver.answerAll(.addresses([Given.loopback]))
      let total = OutboundTimeouts(resolve: .seconds(10), total: .milliseconds(30))
      let second = OutboundRequest(.get, try OutboundURL("https://stuck.test"), timeouts: total)
      #expect(await client.send(second).failure?.cause == .resolverUnavailable)
    }
  }

  @Test("answers are kept for as many names as may be, and no more lookups are made for them")
  func keptAnswers() async throws {
    let server = try FaultServer.answering(ok)
    let lookups = Mutex(0)
    let resolver = ClosureResolver { _ in
      lookups.withLock { $0 += 1 }
      return .addresses([Given.loopback])
    }
    let configuration = OutboundConfiguration(limits: OutboundLimits(maxAnswers: 3))
    try await withClient(configuration, resolver: resolver) { client in
      for round in 0..<2 {
        for index in 0..<8 {
          let request = try Given.request(port: server.port, host: "n\(index).test")
          #expect(try await client.send(request).response.status == 200)
          #expect(try await client.send(request).response.didReuseConnection, "\(round)")
        }
      }
    }
    let count = lookups.withLock { $0 }
    #expect(count >= 8 && count <= 16)
  }
}

/// Answers when it is told to.
final class SilentResolver: NameResolver {
  private let waiting = Mutex<[@Sendable (NameAnswer) -> Void]>([])

  func resolve(
    _ name: String, by deadline: MonotonicInstant, _ done: @escaping @Sendable (NameAnswer) -> Void
  ) {
    waiting.withLock { $0.append(done) }
  }

  var count: Int { waiting.withLock { $0.count } }

  func answerAll(_ answer: NameAnswer) {
    let all = waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
    for done in all { done(answer) }
  }
}
