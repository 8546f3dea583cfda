import IntegrationClient
import Testing

/// The ten lines that the documentation of ``IntegrationClient`` opens with, compiled.
private func issueKey(for customer: String, client: IntegrationClient) async throws -> String {
  _ = try await client.tenants.createTenant(
    CreateTenantRequest(displayName: "Example", tenantId: customer))
  let created = try await client.apiKeys.createApiKey(
    CreateApiKeyRequest(tenantId: customer, keyName: "first key"))
  return created.apiKey
}

@Suite struct QuickStartTests {
  @Test("without a daemon every call says so at once, and the client can be closed")
  func unreachable() async throws {
    let client = IntegrationClient(socket: "/nonexistent/integrationd.sock")
    let error = await #expect(throws: RPCError.self) {
      _ = try await issueKey(for: "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11", client: client)
    }
    #expect(error?.code == .unavailable)
    #expect(error?.reason == "UNREACHABLE")
    await client.close()
    let late = await #expect(throws: RPCError.self) {
      _ = try await client.health.getHealth(GetHealthRequest())
    }
    #expect(late?.code == .cancelled)
  }

  @Test("tasks may run where the answers are read")
  func executor() async throws {
    let client = IntegrationClient(socket: "/nonexistent/integrationd.sock")
    let executor = try #require(client.executor)
    // All clients of a process share it.
    #expect(executor === IntegrationClient().executor)
    let codes = await withTaskGroup(of: StatusCode?.self) { group in
      for _ in 0..<8 {
        group.addTask(executorPreference: executor) {
          await #expect(throws: RPCError.self) {
            _ = try await client.health.getHealth(GetHealthRequest())
          }?.code
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes == Array(repeating: .unavailable, count: 8))
    await client.close()
  }
}
