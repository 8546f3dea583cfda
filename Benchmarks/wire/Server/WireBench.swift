import Foundation
import Logging
import ProtobufC
import Reactor
import TTRPC
import TTRPCServer

/// `wire-bench serve SOCKET`: the wire with an echo on it, all limits as the daemon has them.
///
/// `wire-bench call SOCKET WINDOW SECONDS [executor]`: the client library's channel, calling that echo; from
/// tasks on its executor, if told so.
@main
struct WireBench {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    switch arguments.first {
    case "serve": try await serve(Array(arguments)[1])
    case "call":
      let words = Array(arguments)
      try await call(
        words[1], window: Int(words[2]) ?? 64, seconds: Int(words[3]) ?? 5,
        onExecutor: words.dropFirst(4).first == "executor")
    default: print("usage: wire-bench serve SOCKET | call SOCKET WINDOW SECONDS [executor]")
    }
  }

  private static func serve(_ path: String) async throws {
    let echo = ServiceDefinition(
      name: "bench.Echo",
      methods: [
        .unary("Echo", ProtoAny.self, ProtoAny.self) { call in
          call.finish(with: try await answer(call.request(), call.context))
        }
      ])
    let configuration = ServerConfiguration(path: path, logger: Logger(label: "bench"))
    let server = Server(
      configuration, services: [echo], on: try EventLoopGroup(name: "loop"))
    try await server.run {
      try? FileHandle.standardOutput.write(contentsOf: Array("ready\n".utf8))
    }
  }

  /// The method, as services write theirs.
  private static func answer(_ request: ProtoAny, _ call: CallContext) async throws -> ProtoAny {
    request
  }

  private static func call(
    _ path: String, window: Int, seconds: Int, onExecutor: Bool
  ) async throws {
    let channel = ClientChannel(ClientConfiguration(path: path))
    let method = MethodName(service: "bench.Echo", method: "Echo")
    let request = ProtoAny(value: [UInt8](repeating: 120, count: 62))
    let begin = MonotonicInstant.now()
    let end = begin.advanced(by: .seconds(seconds))
    let calls = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<window {
        group.addTask(executorPreference: onExecutor ? channel.executor : nil) {
          var count = 0
          while MonotonicInstant.now() < end {
            let answer: ProtoAny = try await channel.unary(method, request, CallOptions())
            guard isSame(answer.value, request.value) else {
              throw RPCError(.internal, "another answer")
            }
            count += 1
          }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
    await channel.close()
    let rate = Double(calls) / (begin.duration(to: .now()) / .seconds(1))
    print("calls \(calls)\nper_second \(Int(rate))")
  }

  /// As the load generator compares: `==` of arrays goes byte by byte.
  private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { left in
      unsafe right.withUnsafeBytes { right in
        guard let here = left.baseAddress, let there = right.baseAddress else { return true }
        return unsafe memcmp(here, there, left.count) == 0
      }
    }
  }
}
