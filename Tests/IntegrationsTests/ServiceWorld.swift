import IntegrationAPI
import Integrations
import KeyRules
import Logging
import PostgresClient
import ProtobufC
import Reactor
import TTRPC
import TestSupport
import Testing

/// A database of the test's own, and services on it that are called without a socket.
final class ServiceWorld: Sendable {
  static let admin: UInt32 = 5001
  static let otherAdmin: UInt32 = 5002
  /// May act for ``itsTenant`` alone.
  static let limited: UInt32 = 5003
  static let itsTenant = "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11"

  let store: TestDatabase
  let loops: EventLoopGroup
  let database: Database
  let keyring: Keyring
  let environment: ServiceEnvironment
  let tenants: TenantsService

  private init(socketDirectory: String?, keyring: Keyring) async throws {
    store = try await TestDatabase.make(Schema.migrations)
    loops = try EventLoopGroup(count: 2, name: "test")
    self.keyring = keyring
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let detour = socketDirectory.map { " host=\($0)" } ?? ""
    database = try Database(
      configuration: DatabaseConfiguration(
        app: .init(conninfo: store.connectionString(for: .app) + detour),
        worker: .init(conninfo: store.connectionString(for: .worker))),
      loops: loops, logger: logger)
    let tenant = try #require(TenantID(Self.itsTenant))
    let entry = { (uid: UInt32, principal: Principal) in
      AccessPolicy.Entry(uid: uid, gid: nil, principal: principal)
    }
    let access = AccessControl(
      policy: AccessPolicy(entries: [
        entry(Self.admin, Principal(name: "admin", roles: [.admin])),
        entry(Self.otherAdmin, Principal(name: "other", roles: [.admin])),
        entry(Self.limited, Principal(name: "limited", roles: [.admin], tenants: [tenant])),
      ]), denials: DenialLog(logger: logger))
    environment = ServiceEnvironment(
      database: database, keyring: keyring, access: access, logger: logger)
    tenants = TenantsService(environment)
  }

  /// Makes a world, lets `body` act in it, and ends it.
  /// - Parameter proxied: puts a proxy between the application's role and the server.
  static func run(
    proxied: Bool = false,
    _ body: @Sendable @escaping (ServiceWorld, FaultProxy?) async throws -> Void
  ) async throws {
    var proxy: FaultProxy?
    if proxied { proxy = try await FaultProxy(before: TestCluster.shared()) }
    let world = try await ServiceWorld(
      socketDirectory: proxy?.directory, keyring: try Keyring.generate())
    let running = Task { await world.database.run() }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(world, proxy))
    } catch {
      result = .failure(error)
    }
    world.database.shutdown()
    await running.value
    await world.loops.shutdown()
    proxy?.close()
    try result.get()
  }

  static func run(
    _ body: @Sendable @escaping (ServiceWorld) async throws -> Void
  ) async throws {
    try await run(proxied: false) { world, _ in try await body(world) }
  }

  /// What a service method is told about its call.
  func call(
    _ method: String, as user: UInt32 = ServiceWorld.admin, within time: Duration = .seconds(60)
  ) -> CallContext {
    CallContext(
      method: MethodName(service: "integration.v1.TenantService", method: method),
      peer: PeerCredentials(userID: user, groupID: user, processID: 1),
      deadline: .within(time), loop: loops.next())
  }

  // MARK: Calls

  @discardableResult
  func create(
    _ name: String = "A school", id: String = "", key: String = "",
    as user: UInt32 = ServiceWorld.admin, within time: Duration = .seconds(60)
  ) async throws -> Tenant {
    let request = CreateTenantRequest(displayName: name, tenantId: id, idempotencyKey: key)
    let response = try await tenants.createTenant(
      request, call("CreateTenant", as: user, within: time))
    return try #require(response.tenant)
  }

  func get(_ id: String, as user: UInt32 = ServiceWorld.admin) async throws -> Tenant {
    let response = try await tenants.getTenant(
      GetTenantRequest(tenantId: id), call("GetTenant", as: user))
    return try #require(response.tenant)
  }

  func list(
    size: Int32 = 0, token: String = "", state: TenantState = .unspecified,
    as user: UInt32 = ServiceWorld.admin
  ) async throws -> ListTenantsResponse {
    try await tenants.listTenants(
      ListTenantsRequest(pageSize: size, pageToken: token, state: state),
      call("ListTenants", as: user))
  }

  @discardableResult
  func suspend(
    _ id: String, reason: String = "unpaid", key: String = "",
    as user: UInt32 = ServiceWorld.admin
  ) async throws -> Tenant {
    let response = try await tenants.suspendTenant(
      SuspendTenantRequest(tenantId: id, reason: reason, idempotencyKey: key),
      call("SuspendTenant", as: user))
    return try #require(response.tenant)
  }

  @discardableResult
  func resume(
    _ id: String, key: String = "", as user: UInt32 = ServiceWorld.admin
  ) async throws -> Tenant {
    let response = try await tenants.resumeTenant(
      ResumeTenantRequest(tenantId: id, idempotencyKey: key), call("ResumeTenant", as: user))
    return try #require(response.tenant)
  }
}
