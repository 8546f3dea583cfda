import Crypto
import FoundationEssentials
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

/// A database of the test's own with a tenant in it, and a daemon or several on it.
final class APIKeysWorld: Sendable {
  /// A daemon as far as API keys go: loops, connections and services of its own.
  final class Daemon: Sendable {
    let loops: EventLoopGroup
    let database: Database
    let environment: ServiceEnvironment
    let keys: APIKeysService
    let tenants: TenantsService
    let usage: UsageRecorder

    fileprivate init(
      _ store: TestDatabase, keyring: Keyring, clock: (@Sendable () -> UnixTime)?
    ) throws {
      loops = try EventLoopGroup(count: 2, name: "test")
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      var configuration = DatabaseConfiguration(
        app: .init(conninfo: store.connectionString(for: .app)),
        worker: .init(conninfo: store.connectionString(for: .worker)))
      configuration.transactionConnections = 2
      // However busy the machine is: a test waits for its server.
      configuration.patience = .seconds(60)
      configuration.connectTimeout = .seconds(60)
      database = try Database(configuration: configuration, loops: loops, logger: logger)
      let access = AccessControl(
        policy: AccessPolicy(entries: [
          AccessPolicy.Entry(
            uid: APIKeysWorld.admin, gid: nil, principal: Principal(name: "admin", roles: [.admin])),
          AccessPolicy.Entry(
            uid: APIKeysWorld.stranger, gid: nil,
            principal: Principal(
              name: "stranger", roles: [.operate], tenants: [TenantID(UUID())])),
        ]), denials: DenialLog(logger: logger))
      environment = ServiceEnvironment(
        database: database, keyring: keyring, access: access, logger: logger)
      usage = UsageRecorder(UsageRepository(database: database), logger: logger)
      keys = APIKeysService(
        environment, usage: usage,
        limits: RateLimitRepository(database: database, clock: clock))
      tenants = TenantsService(environment)
    }
  }

  static let admin: UInt32 = 4001
  /// A caller that may act for one tenant, which is none of the test's.
  static let stranger: UInt32 = 4002

  let store: TestDatabase
  let keyring: Keyring
  let daemons: [Daemon]
  let tenant: TenantID

  private init(
    _ store: TestDatabase, _ keyring: Keyring, _ daemons: [Daemon], _ tenant: TenantID
  ) {
    self.store = store
    self.keyring = keyring
    self.daemons = daemons
    self.tenant = tenant
  }

  /// Makes a world, lets `body` act in it, and ends it.
  static func run(
    daemons count: Int = 1, keyrings: [Keyring] = [],
    clock: (@Sendable () -> UnixTime)? = nil,
    _ body: @Sendable @escaping (APIKeysWorld) async throws -> Void
  ) async throws {
    try await Turnstile.worlds.pass {
      try await act(daemons: count, keyrings: keyrings, clock: clock, body)
    }
  }

  private static func act(
    daemons count: Int, keyrings: [Keyring], clock: (@Sendable () -> UnixTime)?,
    _ body: @Sendable @escaping (APIKeysWorld) async throws -> Void
  ) async throws {
    let store = try await TestDatabase.make(Schema.migrations)
    let keyring = try keyrings.first ?? Keyring.generate()
    let daemons = try (0..<count).map { index in
      try Daemon(
        store, keyring: keyrings.indices.contains(index) ? keyrings[index] : keyring,
        clock: clock)
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for daemon in daemons { group.addTask { await daemon.database.run() } }
      do {
        let world = APIKeysWorld(store, keyring, daemons, TenantID(UUID()))
        try await world.makeTenant(world.tenant)
        try await body(world)
      } catch {
        for daemon in daemons { daemon.database.shutdown() }
        throw error
      }
      for daemon in daemons { daemon.database.shutdown() }
      try await group.waitForAll()
    }
    for daemon in daemons { await daemon.loops.shutdown() }
  }

  var daemon: Daemon { daemons[0] }
  var keys: APIKeysService { daemon.keys }

  func makeTenant(_ id: TenantID) async throws {
    var request = CreateTenantRequest()
    request.tenantId = id.description
    request.displayName = "A school"
    _ = try await daemon.tenants.createTenant(
      request, call("CreateTenant", service: "integration.v1.TenantService"))
  }

  func suspendTenant() async throws {
    var request = SuspendTenantRequest()
    request.tenantId = tenant.description
    _ = try await daemon.tenants.suspendTenant(
      request, call("SuspendTenant", service: "integration.v1.TenantService"))
  }

  /// What a service method is told about its call.
  func call(
    _ method: String, service: String = "integration.v1.ApiKeyService",
    as user: UInt32 = APIKeysWorld.admin, on daemon: Daemon? = nil
  ) -> CallContext {
    CallContext(
      method: MethodName(service: service, method: method),
      peer: PeerCredentials(userID: user, groupID: user, processID: 1),
      deadline: .within(.seconds(120)), loop: (daemon ?? self.daemon).loops.next())
  }

  // MARK: Calls

  func create(
    as user: UInt32 = APIKeysWorld.admin,
    _ edit: (inout CreateApiKeyRequest) -> Void = { _ in }
  ) async throws -> CreateApiKeyResponse {
    var request = CreateApiKeyRequest()
    request.tenantId = tenant.description
    request.keyName = "Gateway"
    edit(&request)
    return try await keys.createApiKey(request, call("CreateApiKey", as: user))
  }

  func get(
    _ key: String, tenant: TenantID? = nil, as user: UInt32 = APIKeysWorld.admin
  ) async throws -> ApiKey {
    var request = GetApiKeyRequest()
    request.tenantId = (tenant ?? self.tenant).description
    request.keyId = key
    let response = try await keys.getApiKey(request, call("GetApiKey", as: user))
    return try #require(response.key)
  }

  func list(
    as user: UInt32 = APIKeysWorld.admin, _ edit: (inout ListApiKeysRequest) -> Void = { _ in }
  ) async throws -> ListApiKeysResponse {
    var request = ListApiKeysRequest()
    request.tenantId = tenant.description
    edit(&request)
    return try await keys.listApiKeys(request, call("ListApiKeys", as: user))
  }

  func update(
    _ key: String, _ paths: [String], as user: UInt32 = APIKeysWorld.admin,
    idempotencyKey: String = "", tenant: TenantID? = nil,
    _ edit: (inout ApiKey) -> Void = { _ in }
  ) async throws -> ApiKey {
    var request = UpdateApiKeyRequest()
    request.tenantId = (tenant ?? self.tenant).description
    request.keyId = key
    request.idempotencyKey = idempotencyKey
    var change = ApiKey()
    edit(&change)
    request.key = change
    var mask = ProtoFieldMask()
    mask.paths = paths
    request.updateMask = mask
    let response = try await keys.updateApiKey(request, call("UpdateApiKey", as: user))
    return try #require(response.key)
  }

  func revoke(
    _ key: String, tenant: TenantID? = nil, as user: UInt32 = APIKeysWorld.admin,
    idempotencyKey: String = ""
  ) async throws -> ApiKey {
    var request = RevokeApiKeyRequest()
    request.tenantId = (tenant ?? self.tenant).description
    request.keyId = key
    request.idempotencyKey = idempotencyKey
    let response = try await keys.revokeApiKey(request, call("RevokeApiKey", as: user))
    return try #require(response.key)
  }

  func rotate(
    _ key: String, grace: ProtoDuration? = nil, tenant: TenantID? = nil,
    as user: UInt32 = APIKeysWorld.admin, idempotencyKey: String = ""
  ) async throws -> RotateApiKeyResponse {
    var request = RotateApiKeyRequest()
    request.tenantId = (tenant ?? self.tenant).description
    request.keyId = key
    request.gracePeriod = grace
    request.idempotencyKey = idempotencyKey
    return try await keys.rotateApiKey(request, call("RotateApiKey", as: user))
  }

  func verify(
    _ key: String, as user: UInt32 = APIKeysWorld.admin, on daemon: Daemon? = nil,
    _ edit: (inout VerifyApiKeyRequest) -> Void = { _ in }
  ) async throws -> VerifyApiKeyResponse {
    let daemon = daemon ?? self.daemon
    var request = VerifyApiKeyRequest()
    request.apiKey = key
    edit(&request)
    return try await daemon.keys.verifyApiKey(
      request, call("VerifyApiKey", as: user, on: daemon))
  }

  func usage(
    _ key: String, tenant: TenantID? = nil, as user: UInt32 = APIKeysWorld.admin,
    _ edit: (inout GetApiKeyUsageRequest) -> Void = { _ in }
  ) async throws -> GetApiKeyUsageResponse {
    var request = GetApiKeyUsageRequest()
    request.tenantId = (tenant ?? self.tenant).description
    request.keyId = key
    edit(&request)
    return try await keys.getApiKeyUsage(request, call("GetApiKeyUsage", as: user))
  }

  /// Runs SQL as the superuser, for states that take time to come about.
  func sql(_ statement: String) async throws {
    try await store.execute(statement)
  }

  /// Everything counted of a key, by decision.
  func counts(_ key: String) async throws -> [VerificationCode: Int64] {
    var counts: [VerificationCode: Int64] = [:]
    for bucket in try await usage(key).buckets {
      for line in bucket.counts { counts[line.code, default: 0] += line.count }
    }
    return counts
  }
}

/// Lets so many in at a time: the tests of a process share one server, and its connections.
actor Turnstile {
  static let worlds = Turnstile(places: 6)

  private var places: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(places: Int) { self.places = places }

  func pass<Result: Sendable>(
    _ body: @Sendable () async throws -> Result
  ) async throws -> Result {
    if places > 0 {
      places -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
    defer {
      // Whoever leaves hands the place on.
      if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
    return try await body()
  }
}

/// Expects a call to end with a status, and returns it.
@discardableResult
func expectStatus<Response>(
  _ code: StatusCode, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Response
) async -> RPCError? {
  do {
    _ = try await body()
    Issue.record("the call succeeded", sourceLocation: sourceLocation)
    return nil
  } catch let error as any RPCErrorConvertible {
    #expect(error.rpcError.code == code, "\(error)", sourceLocation: sourceLocation)
    return error.rpcError
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
    return nil
  }
}

/// Expects INVALID_ARGUMENT that names exactly these fields.
func expectViolations<Response>(
  _ fields: [String], sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> Response
) async {
  let error = await expectStatus(.invalidArgument, sourceLocation: sourceLocation, body)
  #expect(
    error?.fieldViolations.map(\.field).sorted() == fields.sorted(),
    sourceLocation: sourceLocation)
}

extension ProtoTimestamp {
  static func fromNow(seconds: Int64) -> ProtoTimestamp {
    ProtoTimestamp(seconds: Int64(Date().timeIntervalSince1970) + seconds, nanos: 0)
  }
}
