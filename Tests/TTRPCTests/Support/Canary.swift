import ProtobufC
import Synchronization
import TTRPC
import Testing

extension World {
  /// Runs `body` beside a well-behaved client that calls all the time and must notice nothing.
  func besideCanary<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
    let channel = channel()
    let isOver = Flag()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        var number: Int64 = 0
        repeat {
          number += 1
          let request = ProtoAny(typeUrl: "canary \(number)")
          let response: ProtoAny = try await channel.unary(
            Echo.method(number % 2 == 0 ? "Echo" : "Hop"), request, CallOptions())
          #expect(response == request)
        } while !isOver.isRaised
      }
      defer { isOver.raise() }
      let result = try await body()
      isOver.raise()
      try await group.waitForAll()
      return result
    }
  }

  /// Returns when `condition` holds; asks again after each of its own calls.
  func until(_ condition: @Sendable (World) -> Bool) async throws {
    let channel = channel()
    while !condition(self) {
      let _: ProtoAny = try await channel.unary(
        Echo.method("Hop"), ProtoAny(), CallOptions())
    }
    await channel.close()
  }

  /// Makes sure that the server has had time for whatever it would do at once.
  func roundTrips(_ count: Int = 20) async throws {
    let channel = channel()
    for _ in 0..<count {
      let _: ProtoAny = try await channel.unary(
        Echo.method("Hop"), ProtoAny(), CallOptions())
    }
    await channel.close()
  }
}

/// Raised once.
final class Flag: Sendable {
  private let value = Atomic(false)
  var isRaised: Bool { value.load(ordering: .acquiring) }
  func raise() { value.store(true, ordering: .releasing) }
}

/// The error that `body` throws, which must be an `RPCError`.
func rpcError(
  _ body: () async throws -> some Sendable, sourceLocation: SourceLocation = #_sourceLocation
) async -> RPCError {
  do {
    let value = try await body()
    Issue.record("no error but \(value)", sourceLocation: sourceLocation)
  } catch let error as RPCError {
    return error
  } catch {
    Issue.record("not an RPCError: \(error)", sourceLocation: sourceLocation)
  }
  return RPCError(.dataLoss, "no error")
}
