import FoundationEssentials
import IntegrationAPI
import Integrations
import KeyRules
import Logging
import NetworkAddress
import PostgresClient
import ProtobufC
import Reactor
import Synchronization
import TTRPC
import TestSupport
import Testing

/// A database of the test's own with a tenant in it, and a daemon or several on it, as far as webhooks
/// and event types go.
final class WebhooksWorld: Sendable {
  /// Loops, connections and services of its own.
  final class Daemon: Sendable {
    let loops: EventLoopGroup
    let database: Database
    let environment: ServiceEnvironment
    let webhooks: WebhooksService
    let eventTypes: EventTypesService
    let tenants: TenantsService
    let tester: RecordingTester
    let outbound: OutboundSettings
    let log: LogRecorder

    /// - Parameter store: nil: nothing is ever asked of the database.
    fileprivate init(
      _ store: TestDatabase?, keyring: Keyring, outbound: OutboundSettings
    ) throws {
      loops = try EventLoopGroup(count: 2, name: "test")
      let log = LogRecorder()
      let logger = log.logger
      let nowhere = "host=/nonexistent"
      var configuration = DatabaseConfiguration(
        app: .init(conninfo: store?.connectionString(for: .app) ?? nowhere),
        worker: .init(conninfo: store?.connectionString(for: .worker) ?? nowhere))
      configuration.transactionConnections = 2
      // However busy the machine is: a test waits for its server.
      configuration.patience = .seconds(60)
      configuration.connectTimeout = .seconds(60)
      database = try Database(configuration: configuration, loops: loops, logger: logger)
      let access = AccessControl(
        policy: AccessPolicy(entries: [
          AccessPolicy.Entry(
            uid: WebhooksWorld.admin, gid: nil, principal: Principal(name: "admin", roles: [.admin])
          ),
          AccessPolicy.Entry(
            uid: WebhooksWorld.stranger, gid: nil,
            principal: Principal(
              name: "stranger", roles: [.operate], tenants: [TenantID(UUID())])),
        ]), denials: DenialLog(logger: logger))
      environment = ServiceEnvironment(
        database: database, keyring: keyring, access: access, logger: logger)
      tester = RecordingTester()
      self.outbound = outbound
      self.log = log
      webhooks = WebhooksService(environment, outbound: outbound, tester: tester)
      eventTypes = EventTypesService(environment)
      tenants = TenantsService(environment)
    }

    var repository: WebhookRepository {
      WebhookRepository(database: database, keyring: environment.keyring)
    }

    func rewrapper() -> CredentialRewrapper {
      CredentialRewrapper(repository, logger: environment.logger)
    }

    func targets(outbound: OutboundSettings? = nil) -> WebhookTargets {
      WebhookTargets(
        repository, outbound: outbound ?? self.outbound, logger: environment.logger)
    }
  }

  static let admin: UInt32 = 6001
  /// A caller that may act for one tenant, which is none of the test's.
  static let stranger: UInt32 = 6002
  static let closed = OutboundSettings(allowsHTTP: false, addresses: AddressPolicy())

  /// Nil in a world without a database.
  let store: TestDatabase?
  let keyring: Keyring
  let daemons: [Daemon]
  let tenant: TenantID

  private init(
    _ store: TestDatabase?, _ keyring: Keyring, _ daemons: [Daemon], _ tenant: TenantID
  ) {
    self.store = store
    self.keyring = keyring
    self.daemons = daemons
    self.tenant = tenant
  }

  /// Makes a world, lets `body` act in it, and ends it.
  /// - Parameter keyrings: of the daemons, one each; empty: one daemon with a new one.
  static func run(
    keyrings: [Keyring] = [], outbound: OutboundSettings = WebhooksWorld.closed,
    _ body: @Sendable @escaping (WebhooksWorld) async throws -> Void
  ) async throws {
    try await Turnstile.worlds.pass {
      let store = try await TestDatabase.make(Schema.migrations)
      let rings = keyrings.isEmpty ? [try Keyring.generate()] : keyrings
      let daemons = try rings.map { try Daemon(store, keyring: $0, outbound: outbound) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for daemon in daemons { group.addTask { await daemon.database.run() } }
        let result: Result<Void, any Error>
        do {
          let world = WebhooksWorld(store, rings[0], daemons, TenantID(UUID()))
          try await world.makeTenant(world.tenant)
          result = .success(try await body(world))
        } catch {
          result = .failure(error)
        }
        for daemon in daemons { daemon.database.shutdown() }
        try await group.waitForAll()
        try result.get()
      }
      for daemon in daemons { await daemon.loops.shutdown() }
    }
  }

  /// A world without a database, for requests that are refused before it is asked.
  static func withoutDatabase(
    _ body: @Sendable (WebhooksWorld) async throws -> Void
  ) async throws {
    let keyring = try Keyring.generate()
    let daemon = try Daemon(nil, keyring: keyring, outbound: closed)
    try await body(WebhooksWorld(nil, keyring, [daemon], TenantID(UUID())))
    await daemon.loops.shutdown()
  }

  var daemon: Daemon { daemons[0] }

  func makeTenant(_ id: TenantID) async throws {
    _ = try await daemon.tenants.createTenant(
      CreateTenantRequest(displayName: "A school", tenantId: id.description),
      call("TenantService/CreateTenant"))
  }

  func suspendTenant() async throws {
    _ = try await daemon.tenants.suspendTenant(
      SuspendTenantRequest(tenantId: tenant.description), call("TenantService/SuspendTenant"))
  }

  /// What a service method is told about its call.
  /// - Parameter method: as in `WebhookService/GetWebhook`.
  func call(
    _ method: String, as user: UInt32 = WebhooksWorld.admin, on daemon: Daemon? = nil
  ) -> CallContext {
    let parts = method.split(separator: "/")
    return CallContext(
      method: MethodName(service: "integration.v1.\(parts[0])", method: String(parts[1])),
      peer: PeerCredentials(userID: user, groupID: user, processID: 1),
      deadline: .within(.seconds(120)), loop: (daemon ?? self.daemon).loops.next())
  }

  func lane(_ webhook: String) throws -> WebhookLane {
    WebhookLane(tenant: tenant, webhook: WebhookID(try #require(UUID(strict: webhook))))
  }

  // MARK: Calls

  @discardableResult
  func create(
    as user: UInt32 = WebhooksWorld.admin, on daemon: Daemon? = nil,
    _ edit: (inout CreateWebhookRequest) -> Void = { _ in }
  ) async throws -> CreateWebhookResponse {
    var request = CreateWebhookRequest()
    request.tenantId = tenant.description
    request.webhookName = "Ledger"
    request.webhookUrl = "https://ledger.example/hooks"
    request.subscribedEvents = ["payment.captured"]
    edit(&request)
    let daemon = daemon ?? self.daemon
    return try await daemon.webhooks.createWebhook(
      request, call("WebhookService/CreateWebhook", as: user, on: daemon))
  }

  func get(
    _ id: String, tenant: TenantID? = nil, as user: UInt32 = WebhooksWorld.admin,
    on daemon: Daemon? = nil
  ) async throws -> Webhook {
    let daemon = daemon ?? self.daemon
    let response = try await daemon.webhooks.getWebhook(
      GetWebhookRequest(tenantId: (tenant ?? self.tenant).description, webhookId: id),
      call("WebhookService/GetWebhook", as: user, on: daemon))
    return try #require(response.webhook)
  }

  func list(
    as user: UInt32 = WebhooksWorld.admin,
    _ edit: (inout ListWebhooksRequest) -> Void = { _ in }
  ) async throws -> ListWebhooksResponse {
    var request = ListWebhooksRequest()
    request.tenantId = tenant.description
    edit(&request)
    return try await daemon.webhooks.listWebhooks(
      request, call("WebhookService/ListWebhooks", as: user))
  }

  @discardableResult
  func update(
    _ id: String, _ paths: [String], auth: WebhookAuth? = nil, tenant: TenantID? = nil,
    as user: UInt32 = WebhooksWorld.admin, key: String = "", on daemon: Daemon? = nil,
    _ edit: (inout Webhook) -> Void = { _ in }
  ) async throws -> UpdateWebhookResponse {
    var webhook = Webhook()
    edit(&webhook)
    let daemon = daemon ?? self.daemon
    return try await daemon.webhooks.updateWebhook(
      UpdateWebhookRequest(
        tenantId: (tenant ?? self.tenant).description, webhookId: id, webhook: webhook, auth: auth,
        updateMask: ProtoFieldMask(paths: paths), idempotencyKey: key),
      call("WebhookService/UpdateWebhook", as: user, on: daemon))
  }

  @discardableResult
  func delete(
    _ id: String, tenant: TenantID? = nil, as user: UInt32 = WebhooksWorld.admin, key: String = ""
  ) async throws -> Int64 {
    try await daemon.webhooks.deleteWebhook(
      DeleteWebhookRequest(
        tenantId: (tenant ?? self.tenant).description, webhookId: id, idempotencyKey: key),
      call("WebhookService/DeleteWebhook", as: user)
    ).cancelledDeliveries
  }

  @discardableResult
  func rotate(
    _ id: String, secret: String = "", overlap: ProtoDuration? = nil, tenant: TenantID? = nil,
    as user: UInt32 = WebhooksWorld.admin, key: String = ""
  ) async throws -> RotateWebhookSecretResponse {
    try await daemon.webhooks.rotateWebhookSecret(
      RotateWebhookSecretRequest(
        tenantId: (tenant ?? self.tenant).description, webhookId: id, signingSecret: secret,
        overlap: overlap, idempotencyKey: key),
      call("WebhookService/RotateWebhookSecret", as: user))
  }

  func test(
    _ id: String, data: String = "", tenant: TenantID? = nil, as user: UInt32 = WebhooksWorld.admin
  ) async throws -> TestWebhookResponse {
    try await daemon.webhooks.testWebhook(
      TestWebhookRequest(
        tenantId: (tenant ?? self.tenant).description, webhookId: id, eventData: Array(data.utf8)),
      call("WebhookService/TestWebhook", as: user))
  }

  // MARK: The database

  /// Runs SQL as the superuser, for states that take time to come about.
  @discardableResult
  func sql(_ statement: String) async throws -> [AdminRow] {
    try await #require(store).execute(statement)
  }

  func count(_ sql: String) async throws -> Int {
    try #require(try await self.sql("select (\(sql)) as n").first?.int("n"))
  }

  /// Publishes so many events to a webhook, by hand.
  func owe(_ id: String, _ deliveries: Int) async throws {
    try await sql(
      """
      with event as (
        insert into integrationd.events (tenant_id, id, event_type, event_data)
        values ('\(tenant)', gen_random_uuid(), 'payment.captured', '{}')
        returning id
      )
      insert into integrationd.webhook_deliveries (tenant_id, webhook_id, event_id)
      select '\(tenant)', '\(id)', event.id
      from event, generate_series(1, \(deliveries))
      """)
  }
}

/// Answers tests with what it is told to, and remembers what it was asked.
final class RecordingTester: WebhookTesting {
  struct Asked: Hashable, Sendable {
    let lane: WebhookLane
    let data: [UInt8]
  }

  private let state = Mutex<(asked: [Asked], answer: Result<DeliveryAttempt, ServiceError>)>(
    ([], .success(DeliveryAttempt(deliveryStatus: .success))))

  var asked: [Asked] { state.withLock { $0.asked } }

  func answer(_ answer: Result<DeliveryAttempt, ServiceError>) {
    state.withLock { $0.answer = answer }
  }

  func test(
    _ lane: WebhookLane, data: [UInt8], deadline: Deadline
  ) async throws -> DeliveryAttempt {
    try state.withLock { state in
      state.asked.append(Asked(lane: lane, data: data))
      return state.answer
    }.get()
  }
}

/// Remembers what was logged as an error.
final class LogRecorder: Sendable {
  private let lines = Mutex<[String]>([])

  var errors: [String] { lines.withLock { $0 } }

  var logger: Logger {
    var logger = Logger(label: "test") { _ in Handler(recorder: self) }
    logger.logLevel = .error
    return logger
  }

  private struct Handler: LogHandler {
    let recorder: LogRecorder
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .error

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      recorder.lines.withLock { lines in
        lines.append("\(event.message) \(event.metadata ?? [:])")
      }
    }
  }
}

extension ProtoDuration {
  static func seconds(_ seconds: Int64, nanos: Int32 = 0) -> ProtoDuration {
    ProtoDuration(seconds: seconds, nanos: nanos)
  }
}
