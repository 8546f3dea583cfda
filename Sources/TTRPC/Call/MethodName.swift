/// The full name of a method: its service and its own name.
public struct MethodName: Sendable, Hashable, CustomStringConvertible {
  /// Full name of the service, as in `integration.v1.ApiKeyService`.
  public let service: String
  /// Name of the method, as in `CreateApiKey`.
  public let method: String

  /// Names `method` of `service`.
  public init(service: String, method: String) {
    self.service = service
    self.method = method
  }

  /// As in `integration.v1.ApiKeyService/CreateApiKey`.
  public var description: String { "\(service)/\(method)" }
}
