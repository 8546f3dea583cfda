@_exported public import IntegrationAPI
@_exported public import ProtobufC
@_exported public import TTRPC

/// Calls the daemon `integrationd` over its Unix socket.
///
/// ```swift
/// import IntegrationClient
///
/// func issueKey(for customer: String) async throws -> String {
///   let client = IntegrationClient()
///   _ = try await client.tenants.createTenant(
///     CreateTenantRequest(displayName: "Example", tenantId: customer))
///   let created = try await client.apiKeys.createApiKey(
///     CreateApiKeyRequest(tenantId: customer, keyName: "first key"))
///   return created.apiKey
/// }
/// ```
///
/// Making a client costs nothing: it connects with the first call, and again when the connection was
/// lost. It may be copied, shared and called from any number of tasks; unary calls share one
/// connection. It closes its connections when the last copy is gone, or with ``close()``.
///
/// Every failure is an ``RPCError``. A call whose connection is lost before the answer fails with
/// ``StatusCode/unavailable`` and the reason `OUTCOME_UNKNOWN`: it may have been carried out, and it
/// is never sent twice. Repeat it with the same idempotency key. Cancelling the task of a call ends
/// the wait for it, some 20 ms later; the daemon works on until the call's deadline. A task that is
/// cancelled already makes no unary call: what is to be done then is done in another.
public struct IntegrationClient: Sendable {
  /// Tenants: the customers of the product.
  public let tenants: TenantServiceClient
  /// API keys: issue, change, revoke, rotate, verify.
  public let apiKeys: ApiKeyServiceClient
  /// Webhooks: where a tenant's customers want to be told of events.
  public let webhooks: WebhookServiceClient
  /// The catalogue of event types.
  public let eventTypes: EventTypeServiceClient
  /// Events: publish them, read them.
  public let events: EventServiceClient
  /// What is owed to webhooks, and the log of every attempt.
  public let deliveries: DeliveryServiceClient
  /// What is healthy, and what the daemon is doing.
  public let health: HealthServiceClient
  /// The health protocol of gRPC; its `watch` reports every change.
  public let grpcHealth: GRPCHealthClient

  /// What the calls are made on, for programs that choose the method at run time.
  package let channel: ClientChannel

  /// Makes a client. Nothing is connected yet.
  /// - Parameters:
  ///   - socket: path of the daemon's socket; see ``defaultSocket``.
  ///   - timeout: time of a unary call whose ``CallOptions`` name none. The daemon allows 30 seconds
  ///     at most.
  public init(
    socket: String = IntegrationClient.defaultSocket, timeout: Duration = .seconds(30)
  ) {
    var configuration = ClientConfiguration(path: socket)
    configuration.defaultTimeout = timeout
    channel = ClientChannel(configuration)
    tenants = TenantServiceClient(channel)
    apiKeys = ApiKeyServiceClient(channel)
    webhooks = WebhookServiceClient(channel)
    eventTypes = EventTypeServiceClient(channel)
    events = EventServiceClient(channel)
    deliveries = DeliveryServiceClient(channel)
    health = HealthServiceClient(channel)
    grpcHealth = GRPCHealthClient(channel)
  }

  /// Where answers are read, for tasks that do little but call: one that runs there goes on with its
  /// answer without being handed to another thread. That makes more calls where cores are busy, and as
  /// many where they are idle, with one thread instead of several.
  ///
  /// ```swift
  /// Task(executorPreference: client.executor) { … }
  /// ```
  ///
  /// It is one thread for all clients of the process: a task that computes or blocks there holds up
  /// every answer. Nil, which means no preference, when the process has no threads or descriptors left.
  public var executor: (any TaskExecutor)? { channel.executor }

  /// Ends every call of this client and its copies with ``StatusCode/cancelled`` and closes the
  /// connections. Later calls fail as well. Twice is not an error.
  public func close() async {
    await channel.close()
  }
}
