import Foundation
import Glibc
import NetworkAddress
import OutboundHTTP
import Reactor
import Synchronization
import Testing

@Suite struct SystemResolverTests {
  /// Lookups that wait until they are let go.
  final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let names = Mutex<[String]>([])

    var started: [String] { names.withLock { $0 } }

    func pass(_ name: String) -> NameAnswer {
      names.withLock { $0.append(name) }
      semaphore.wait()
      return .addresses([Given.loopback])
    }

    func open(_ count: Int) { for _ in 0..<count { semaphore.signal() } }
  }

  static func ask(
    _ resolver: SystemResolver, _ name: String, by deadline: MonotonicInstant = .distantFuture
  ) -> Completion<NameAnswer> {
    let completion = Completion<NameAnswer>()
    resolver.resolve(name, by: deadline) { completion.succeed($0) }
    return completion
  }

  @Test("at most so many lookups are under way, and a stuck one keeps only its own thread")
  func bound() async throws {
    let gate = Gate()
    let resolver = SystemResolver(threads: 4) { name in
      name == "stuck" || name == "second" ? gate.pass(name) : .notFound
    }
    let stuck = Self.ask(resolver, "stuck")
    try await eventually { gate.started == ["stuck"] }
    #expect(try await Self.ask(resolver, "free").value() == .notFound)
    let second = Self.ask(resolver, "second")
    try await eventually { gate.started.count == 2 }
    let third = Self.ask(resolver, "third")
    #expect(!third.isComplete)
    gate.open(2)
    #expect(try await third.value() == .notFound)
    #expect(try await stuck.value() == .addresses([Given.loopback]))
    #expect(try await second.value() == .addresses([Given.loopback]))
  }

  @Test("names that are not known to answer, however many, leave half of the threads to the others")
  func doubtful() async throws {
    let gate = Gate()
    let resolver = SystemResolver(threads: 4) { name in
      name.hasPrefix("new") ? gate.pass(name) : .notFound
    }
    // Known because it has answered.
    #expect(try await Self.ask(resolver, "known").value() == .notFound)
    let new = (0..<20).map { Self.ask(resolver, "new\($0)") }
    try await eventually { gate.started.count == 2 }
    for _ in 0..<20 { #expect(try await Self.ask(resolver, "known").value() == .notFound) }
    #expect(gate.started.count == 2)
    // Their turn comes all the same.
    gate.open(20)
    for each in new { #expect(try await each.value() == .addresses([Given.loopback])) }
    #expect(gate.started.count == 20)
  }

  @Test("a name that has answered is doubtful after two failures in a row")
  func strikes() async throws {
    let gate = Gate()
    let answers = Mutex<[NameAnswer]>([])
    let resolver = SystemResolver(threads: 2) { name in
      name == "name" ? answers.withLock { $0.removeFirst() } : gate.pass(name)
    }
    let down = NameAnswer.unavailable("no server answers")
    // The only thread for doubtful names is taken from then on.
    answers.withLock { $0 = [.notFound, down, .notFound, down, down] }
    #expect(try await Self.ask(resolver, "name").value() == .notFound)
    let stuck = Self.ask(resolver, "stuck")
    try await eventually { gate.started == ["stuck"] }
    for answer in [down, .notFound, down, down] {
      #expect(try await Self.ask(resolver, "name").value() == answer)
    }
    answers.withLock { $0 = [.notFound] }
    let waits = Self.ask(resolver, "name")
    #expect(!waits.isComplete)
    gate.open(1)
    #expect(try await waits.value() == .notFound)
    #expect(try await stuck.value() == .addresses([Given.loopback]))
  }

  @Test("who asks for a name that is being looked up shares the answer")
  func shared() async throws {
    let gate = Gate()
    let resolver = SystemResolver(threads: 4, lookUp: gate.pass)
    let askers = (0..<50).map { _ in Self.ask(resolver, "same") }
    try await eventually { gate.started.count == 1 }
    gate.open(1)
    for asker in askers { #expect(try await asker.value() == .addresses([Given.loopback])) }
    #expect(gate.started == ["same"])
  }

  @Test("beyond the names that may wait the answer is that there is none")
  func saturated() async throws {
    let gate = Gate()
    let resolver = SystemResolver(threads: 1, lookUp: gate.pass)
    let first = Self.ask(resolver, "first")
    let waiting = (0..<SystemResolver.maxWaiting).map { Self.ask(resolver, "n\($0)") }
    guard case .unavailable = try await Self.ask(resolver, "one more").value() else {
      Issue.record("was not refused")
      return
    }
    // One of those that wait may still be asked for.
    let shared = Self.ask(resolver, "n0")
    gate.open(SystemResolver.maxWaiting + 1)
    for asker in waiting + [first, shared] {
      #expect(try await asker.value() == .addresses([Given.loopback]))
    }
    #expect(gate.started.count == SystemResolver.maxWaiting + 1)
  }

  @Test("a name for which nobody waits any more is not looked up")
  func late() async throws {
    let gate = Gate()
    let resolver = SystemResolver(threads: 1, lookUp: gate.pass)
    let first = Self.ask(resolver, "first")
    try await eventually { gate.started == ["first"] }
    let late = Self.ask(resolver, "late", by: MonotonicInstant(nanoseconds: 0))
    let next = Self.ask(resolver, "next")
    gate.open(2)
    #expect(try await late.value() == .unavailable("no thread was free in time"))
    #expect(try await next.value() == .addresses([Given.loopback]))
    #expect(try await first.value() == .addresses([Given.loopback]))
    #expect(gate.started == ["first", "next"])
  }

  @Test("the system knows localhost, and not what cannot be")
  func system() async throws {
    guard case .addresses(let addresses) = try await Self.ask(.shared, "localhost").value() else {
      Issue.record("localhost was not found")
      return
    }
    #expect(addresses.contains(Given.loopback) || addresses.contains(.v6(1)))
    #expect(Set(addresses).count == addresses.count)
    let nobody = HostLookup.addresses(of: String(repeating: "a", count: 64) + ".invalid")
    #expect(![NameAnswer.addresses([])].contains(nobody))
    if case .addresses = nobody { Issue.record("found \(nobody)") }
  }

  @Test(
    "an error of getaddrinfo is theirs or ours",
    arguments: [
      (EAI_NONAME, true), (-5, true), (-9, true), (EAI_AGAIN, false), (EAI_FAIL, false),
      (EAI_SYSTEM, false),
      (EAI_MEMORY, false), (EAI_OVERFLOW, false),
    ])
  func errors(code: Int32, isTheirs: Bool) {
    #expect((HostLookup.answer(toCode: code) == .notFound) == isTheirs)
  }
}
