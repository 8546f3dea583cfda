import IntegrationAPI
import Integrations
import ProtobufC
import Reactor
import Synchronization
import TTRPC
import Testing

@Suite("Health")
struct HealthTests {
  private static let stored = "integration.v1.TenantService"
  private static let remembered = "integration.v1.HealthService"

  private func registry() -> HealthRegistry {
    let registry = HealthRegistry(clock: { 1_000_000 })
    registry.register(service: Self.stored, needs: ["database"])
    registry.register(service: Self.remembered, needs: [])
    return registry
  }

  private func status(
    _ registry: HealthRegistry, _ service: String
  ) async throws -> HealthCheckResponse.ServingStatus {
    try await withCall { call in
      try await GRPCHealthService(registry).check(
        HealthCheckRequest(service: service), call
      ).status
    }
  }

  private func withCall<Result: Sendable>(
    _ body: (CallContext) async throws -> Result
  ) async throws -> Result {
    let loops = try EventLoopGroup(count: 1, name: "test")
    let call = CallContext(
      method: MethodName(service: "grpc.health.v1.Health", method: "Check"),
      peer: PeerCredentials(userID: 1, groupID: 1, processID: 1), deadline: .within(.seconds(120)),
      loop: loops.loops[0])
    let result = try await body(call)
    await loops.shutdown()
    return result
  }

  @Test("a service is served unless a component it needs is unhealthy")
  func serving() async throws {
    let registry = registry()
    #expect(try await status(registry, Self.stored) == .serving)
    registry.report("database", ComponentStatus(.degraded, "slow"))
    #expect(try await status(registry, Self.stored) == .serving)
    registry.report("database", ComponentStatus(.unhealthy, "gone"))
    #expect(try await status(registry, Self.stored) == .notServing)
    #expect(try await status(registry, "") == .notServing)
    #expect(try await status(registry, Self.remembered) == .serving)
    registry.report("database", .healthy)
    #expect(try await status(registry, "") == .serving)
  }

  @Test("a daemon that stops serves nothing")
  func stopping() async throws {
    let registry = registry()
    registry.stop()
    #expect(try await status(registry, Self.remembered) == .notServing)
    #expect(try await status(registry, "") == .notServing)
  }

  @Test("a service the daemon does not know is not found")
  func unknown() async throws {
    let registry = registry()
    await expectStatus(.notFound) { try await status(registry, "nobody.v1.Service") }
  }

  @Test("the report lists components by name, the worst state and since when")
  func report() async throws {
    let clock = Clock()
    let registry = HealthRegistry(clock: { clock.now })
    registry.report("usage", .healthy)
    registry.report("database", .healthy)
    clock.advance(to: 2_500_000)
    registry.report("database", ComponentStatus(.unhealthy, "refused"))
    clock.advance(to: 3_000_000)
    registry.report("database", ComponentStatus(.unhealthy, "still refused"))
    registry.report("usage", .healthy)
    let service = DaemonHealthService(registry, version: "9.9.9") {
      .init(openConnections: 3, callsInFlight: 2)
    }
    let response = try await withCall { try await service.getHealth(GetHealthRequest(), $0) }
    #expect(response.state == .unhealthy)
    #expect(response.components.map(\.name) == ["database", "usage"])
    #expect(response.components.map(\.message) == ["still refused", ""])
    #expect(response.components.map(\.state) == [.unhealthy, .healthy])
    #expect(
      response.components.map(\.since)
        == [ProtoTimestamp(seconds: 2, nanos: 500_000_000), ProtoTimestamp(seconds: 1, nanos: 0)])
    #expect(response.version == "9.9.9")
    #expect(response.openConnections == 3 && response.callsInFlight == 2)
    #expect(response.uptime != nil)
  }

  @Test("a report without components is healthy")
  func emptyReport() async throws {
    let service = DaemonHealthService(HealthRegistry(clock: { 0 }), version: "1") {
      .init(openConnections: .max, callsInFlight: 0)
    }
    let response = try await withCall { try await service.getHealth(GetHealthRequest(), $0) }
    #expect(response.state == .healthy && response.components.isEmpty)
    #expect(response.openConnections == .max)
  }

  /// Time that tests move.
  private final class Clock: Sendable {
    private let time = Mutex<Int64>(1_000_000)
    var now: Int64 { time.withLock { $0 } }
    func advance(to moment: Int64) { time.withLock { $0 = moment } }
  }
}
