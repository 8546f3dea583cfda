package import IntegrationAPI
package import TTRPC

/// `grpc.health.v1.Health`: answers from memory.
package struct GRPCHealthService: GRPCHealth {
  private let registry: HealthRegistry

  package init(_ registry: HealthRegistry) { self.registry = registry }

  package func check(
    _ request: HealthCheckRequest, _ call: CallContext
  ) async throws -> HealthCheckResponse {
    var response = HealthCheckResponse()
    switch registry.serving(request.service) {
    case .serving: response.status = .serving
    case .notServing: response.status = .notServing
    case .unknownService:
      // The name is the caller's own text; it is not repeated at any length.
      throw ServiceError.notFound("service", String(request.service.prefix(200)))
    }
    return response
  }

  package func watch(
    _ request: HealthCheckRequest, responses: ResponseWriter<HealthCheckResponse>,
    _ call: CallContext
  ) async throws {
    var last: HealthRegistry.Serving?
    for await _ in registry.changes() {
      let serving = registry.serving(request.service)
      if serving != last {
        var response = HealthCheckResponse()
        response.status =
          switch serving {
          case .serving: .serving
          case .notServing: .notServing
          case .unknownService: .serviceUnknown
          }
        try await responses.write(response)
        last = serving
      }
      // A stream that stayed open would hold up the drain until its deadline.
      if registry.isStopping { throw ServiceError(.unavailable, "the daemon is stopping") }
    }
  }
}
