import ProtobufC
import Reactor
import TTRPC

/// A service made by hand, the way generated code makes one: `test.Echo`.
struct Echo: Sendable {
  static let name = "test.Echo"
  static func method(_ name: String) -> MethodName { MethodName(service: Self.name, method: name) }

  let gate: Gate

  /// What foreign code throws.
  struct Foreign: Error, CustomStringConvertible {
    var description: String { "password=hunter2 at /etc/secret.conf" }
  }

  /// What a domain throws.
  struct Domain: RPCErrorConvertible {
    var rpcError: RPCError {
      RPCError(.failedPrecondition, "suspended", details: [.errorInfo(reason: "SUSPENDED")])
    }
    var cause: (any Error)? { Foreign() }
  }

  var definition: ServiceDefinition {
    let gate = gate
    return ServiceDefinition(
      name: Self.name,
      methods: [
        .unary("Echo") { (request: ProtoAny, _) in request },
        .unary("Nothing") { (_: ProtoEmpty, _) in ProtoEmpty() },
        .unary("Hop") { (request: ProtoAny, _) in
          await Task.yield()
          return request
        },
        .unary("Wait") { (request: ProtoAny, _) in
          try await gate.wait()
          return request
        },
        .unary("Stubborn") { (request: ProtoAny, _) in
          await gate.waitUncancelled()
          return request
        },
        .unary("Describe") { (_: ProtoEmpty, call) in
          ProtoAny(
            typeUrl: [
              call.method.description, "\(call.peer.processID)", "\(call.principal ?? "nobody")",
              call.metadata.entries.map { "\($0.key)=\($0.value)" }.joined(separator: ","),
              "\(call.requestID == call.requestID)", "\(call.loop.isCurrent)",
            ].joined(separator: "|"),
            value: Array("\(call.deadline.remaining > .seconds(20))".utf8))
        },
        .unary("Keep") { (_: ProtoEmpty, call) in
          gate.keep(call)
          return ProtoEmpty()
        },
        .unary("Grow") { (request: ProtoDuration, _) in
          ProtoAny(typeUrl: "grown", value: [UInt8](repeating: 7, count: Int(request.seconds)))
        },
        .unary("Fail") { (request: ProtoAny, _) -> ProtoEmpty in
          switch request.typeUrl {
          case "foreign": throw Foreign()
          case "domain": throw Domain()
          case "deadline": throw DeadlineExceeded()
          case "cancelled": throw CancellationError()
          case "nul": throw RPCError(.aborted, "a\0b", details: [.errorInfo(reason: "X\0")])
          case "long":
            throw RPCError(.aborted, String(repeating: "x", count: 100_000))
          default:
            throw RPCError(
              .notFound, "no \(request.typeUrl)",
              details: [
                .resourceInfo(type: "thing", name: request.typeUrl),
                .retryInfo(.milliseconds(1500)),
              ])
          }
        },
        .unary("NUL") { (_: ProtoEmpty, _) in ProtoAny(typeUrl: "a\0b") },
        .serverStreaming("Count") { (request: ProtoDuration, responses, _) in
          for number in 0..<request.seconds {
            try await responses.write(ProtoDuration(seconds: number))
          }
          if request.nanos > 0 { throw RPCError(.outOfRange, "that is all") }
        },
        .serverStreaming("Flood") { (request: ProtoDuration, responses, _) in
          for _ in 0..<request.seconds {
            try await responses.write(ProtoAny(value: [UInt8](repeating: 1, count: 65_536)))
            gate.count()
          }
        },
        .serverStreaming("Watch") { (_: ProtoEmpty, responses, _) in
          try await responses.write(ProtoEmpty())
          do {
            try await gate.wait()
          } catch {
            gate.cancelled()
            throw error
          }
        },
        .clientStreaming("Sum") { (requests: RequestStream<ProtoDuration>, _) in
          var sum: Int64 = 0
          for try await request in requests { sum += request.seconds }
          return ProtoDuration(seconds: sum)
        },
        .clientStreaming("Late") { (requests: RequestStream<ProtoDuration>, _) in
          // Whatever became of the call meanwhile: only the stream can say that it is broken.
          await gate.waitUncancelled()
          var sum: Int64 = 0
          do {
            for try await request in requests { sum += request.seconds }
          } catch {
            gate.cancelled()
            throw error
          }
          gate.count()
          return ProtoDuration(seconds: sum)
        },
        .clientStreaming("First") { (requests: RequestStream<ProtoDuration>, _) in
          var iterator = requests.makeAsyncIterator()
          return try await iterator.next() ?? ProtoDuration()
        },
        .clientStreaming("Ignore") { (_: RequestStream<ProtoAny>, _) in
          try await gate.wait()
          return ProtoEmpty()
        },
        .bidirectional("Chat") { (requests: RequestStream<ProtoAny>, responses, _) in
          for try await request in requests { try await responses.write(request) }
        },
      ])
  }
}

/// Lets handlers wait for the test, and the test for handlers.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var waiters: [Completion<Void>] = []
    var arrivals = 0
    var cancellations = 0
    var counted = 0
    var kept: [CallContext] = []
    var watchers: [(condition: @Sendable (Gate.Seen) -> Bool, Completion<Void>)] = []
  }

  struct Seen: Sendable {
    var arrivals: Int
    var cancellations: Int
    var counted: Int
  }

  private let state = Guarded(State())

  /// Keeps the context of a call beyond its end.
  func keep(_ context: CallContext) {
    state.withLock { $0.kept.append(context) }
  }

  /// What was kept.
  var kept: [CallContext] { state.withLock { $0.kept } }

  /// Waits until the gate is opened.
  func wait() async throws {
    let completion = arrive()
    try await completion?.value()
  }

  /// Waits until the gate is opened, whatever happens to the task.
  func waitUncancelled() async {
    let completion = arrive()
    guard let completion else { return }
    await withCheckedContinuation { continuation in
      Task.detached {
        _ = try? await completion.value()
        continuation.resume()
      }
    }
  }

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.succeed(()) }
  }

  func count() { change { $0.counted += 1 } }
  func cancelled() { change { $0.cancellations += 1 } }

  /// What has happened so far.
  var seen: Seen { state.withLock { Self.seen($0) } }

  /// Returns when `condition` holds.
  func until(_ condition: @escaping @Sendable (Seen) -> Bool) async throws {
    let completion = Completion<Void>()
    let holds = state.withLock { state in
      if condition(Self.seen(state)) { return true }
      state.watchers.append((condition, completion))
      return false
    }
    if !holds { try await completion.value() }
  }

  private func arrive() -> Completion<Void>? {
    let completion = Completion<Void>()
    var isOpen = false
    change { state in
      state.arrivals += 1
      isOpen = state.isOpen
      if !isOpen { state.waiters.append(completion) }
    }
    return isOpen ? nil : completion
  }

  private func change(_ body: (inout State) -> Void) {
    let ready = state.withLock { state in
      body(&state)
      let seen = Self.seen(state)
      let ready = state.watchers.filter { $0.condition(seen) }
      state.watchers.removeAll { $0.condition(seen) }
      return ready.map(\.1)
    }
    for completion in ready { completion.succeed(()) }
  }

  private static func seen(_ state: State) -> Seen {
    Seen(
      arrivals: state.arrivals, cancellations: state.cancellations, counted: state.counted)
  }
}

extension MethodDefinition {
  /// A method as a closure: generated code writes the two lines in between.
  fileprivate static func unary<Request: Message, Response: Message>(
    _ name: String, _ body: @escaping @Sendable (Request, CallContext) async throws -> Response
  ) -> MethodDefinition {
    .unary(name, Request.self, Response.self) { call in
      call.finish(with: try await body(call.request(), call.context))
    }
  }
}
