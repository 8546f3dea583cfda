package import ProtobufC
package import TTRPC

/// Why a service did not do what it was asked.
///
/// ``message`` and ``details`` are for the caller; ``cause`` reaches only the log.
package struct ServiceError: Error, Sendable {
  package let code: StatusCode
  package let message: String
  package let details: [StatusDetail]
  package let cause: (any Error)?

  package init(
    _ code: StatusCode, _ message: String, details: [StatusDetail] = [],
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.details = details
    self.cause = cause
  }
}

extension ServiceError {
  /// The request is at fault, in one or several fields.
  package static func invalid(_ violations: [FieldViolation]) -> ServiceError {
    let first = violations.first.map { "\($0.field) \($0.description)" } ?? "invalid request"
    let others = violations.count - 1
    let message = others > 0 ? "\(first) (and \(others) more)" : first
    return ServiceError(.invalidArgument, message, details: [.badRequest(violations)])
  }

  /// The request is at fault in one field.
  package static func invalid(_ field: String, _ description: String) -> ServiceError {
    invalid([FieldViolation(field: field, description: description)])
  }

  /// There is no such thing, or the caller may not know that there is.
  package static func notFound(_ type: String, _ name: String) -> ServiceError {
    ServiceError(
      .notFound, "no \(type) \(name)", details: [.resourceInfo(type: type, name: name)])
  }

  /// A write may or may not have happened.
  package static func outcomeUnknown(cause: any Error) -> ServiceError {
    ServiceError(
      .unavailable,
      "the outcome is unknown: it may or may not have happened; repeat the request with the same "
        + "idempotency_key to find out",
      details: [.errorInfo(reason: ErrorReason.outcomeUnknown)], cause: cause)
  }
}

/// Reasons in `google.rpc.ErrorInfo`, for programs to branch on.
package enum ErrorReason {
  package static let outcomeUnknown = "OUTCOME_UNKNOWN"
  package static let idempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED"
  package static let tenantSuspended = "TENANT_SUSPENDED"
}

extension ServiceError: RPCErrorConvertible {
  package var rpcError: RPCError { RPCError(code, message, details: details) }
}
