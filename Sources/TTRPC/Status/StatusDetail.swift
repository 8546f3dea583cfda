public import ProtobufC

/// One typed detail of an ``RPCError``: a message of `google/rpc/error_details.proto`.
public enum StatusDetail: Sendable, Hashable {
  /// The fields of the request that were refused.
  case badRequest([FieldViolation])
  /// Wait at least this long before the next try.
  case retryInfo(Duration)
  /// The limits that refused the call.
  case quotaFailure([QuotaViolation])
  /// Why, for programs: UPPER_SNAKE_CASE and stable.
  case errorInfo(reason: String)
  /// The id under which the server logged the cause.
  case requestInfo(id: String)
  /// The resource that could not be found or used.
  case resourceInfo(type: String, name: String)
  /// A detail this library does not know.
  case other(ProtoAny)
}

/// One exhausted limit.
public struct QuotaViolation: Sendable, Hashable {
  /// What the limit belongs to, as in `connection`.
  public var subject: String
  /// The limit and its size.
  public var description: String

  /// Makes a violation of the limit `description` of `subject`.
  public init(subject: String, description: String) {
    self.subject = subject
    self.description = description
  }
}
