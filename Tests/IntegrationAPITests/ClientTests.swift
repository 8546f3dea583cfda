import IntegrationAPI
import ProtobufC
import Synchronization
import TTRPC
import Testing

/// Generated clients call the methods they are named after.
@Suite
struct ClientTests {
  /// Notes what is called, and fails every call.
  private final class NotingChannel: RPCChannel {
    struct Call: Hashable {
      let method: MethodName
      let kind: MethodKind
      let timeout: Duration?
    }

    private let noted = Mutex<[Call]>([])
    var calls: [Call] { noted.withLock { $0 } }

    private func fail(
      _ method: MethodName, _ kind: MethodKind, _ options: CallOptions
    ) throws(RPCError) -> Never {
      noted.withLock { $0.append(Call(method: method, kind: kind, timeout: options.timeout)) }
      throw unwritten
    }

    func unary<Request: Message, Response: Message>(
      _ method: MethodName, _ request: Request, _ options: CallOptions
    ) async throws(RPCError) -> Response { try fail(method, .unary, options) }

    func serverStreaming<Request: Message, Response: Message>(
      _ method: MethodName, _ request: Request, _ options: CallOptions
    ) async throws(RPCError) -> ResponseStream<Response> {
      try fail(method, .serverStreaming, options)
    }

    func clientStreaming<Request: Message, Response: Message>(
      _ method: MethodName, _ options: CallOptions
    ) async throws(RPCError) -> ClientStreamingCall<Request, Response> {
      try fail(method, .clientStreaming, options)
    }

    func bidirectional<Request: Message, Response: Message>(
      _ method: MethodName, _ options: CallOptions
    ) async throws(RPCError) -> BidirectionalCall<Request, Response> {
      try fail(method, .bidirectional, options)
    }
  }

  @Test("the clients' methods are those of the catalogue")
  func methods() async {
    let channel = NotingChannel()
    let probe = GRPCHealthClient(channel)
    let keys = ApiKeyServiceClient(channel)
    let health = HealthServiceClient(channel)
    let tenants = TenantServiceClient(channel)
    let options = CallOptions(timeout: .seconds(7))
    let calls: [() async throws -> Void] = [
      { _ = try await probe.check(HealthCheckRequest(), options: options) },
      { _ = try await probe.watch(HealthCheckRequest(), options: options) },
      { _ = try await keys.createApiKey(CreateApiKeyRequest(), options: options) },
      { _ = try await keys.getApiKey(GetApiKeyRequest(), options: options) },
      { _ = try await keys.listApiKeys(ListApiKeysRequest(), options: options) },
      { _ = try await keys.updateApiKey(UpdateApiKeyRequest(), options: options) },
      { _ = try await keys.revokeApiKey(RevokeApiKeyRequest(), options: options) },
      { _ = try await keys.rotateApiKey(RotateApiKeyRequest(), options: options) },
      { _ = try await keys.verifyApiKey(VerifyApiKeyRequest(), options: options) },
      { _ = try await keys.getApiKeyUsage(GetApiKeyUsageRequest(), options: options) },
      { _ = try await health.getHealth(GetHealthRequest(), options: options) },
      { _ = try await tenants.createTenant(CreateTenantRequest(), options: options) },
      { _ = try await tenants.getTenant(GetTenantRequest(), options: options) },
      { _ = try await tenants.listTenants(ListTenantsRequest(), options: options) },
      { _ = try await tenants.suspendTenant(SuspendTenantRequest(), options: options) },
      { _ = try await tenants.resumeTenant(ResumeTenantRequest(), options: options) },
    ]
    for call in calls { await #expect(throws: unwritten) { try await call() } }
    #expect(
      channel.calls
        == ServiceCatalogue.all.flatMap(\.methods).map {
          NotingChannel.Call(method: $0.name, kind: $0.kind, timeout: .seconds(7))
        })
  }
}
