public import ProtobufC

/// A call that did not succeed: a code for programs, a message for the developer of the caller, and
/// typed details. Travels as `google.rpc.Status`.
///
/// What a client throws is always one of these, whether the server sent it or the connection failed.
public struct RPCError: Error, Sendable, Hashable {
  /// What kind of failure. Never ``StatusCode/ok``.
  public var code: StatusCode
  /// In English, for the developer of the caller. Holds no secret.
  public var message: String
  /// Typed details, in the order of the wire.
  public var details: [StatusDetail]

  /// Makes an error. A code of ``StatusCode/ok`` is turned into ``StatusCode/unknown``: an error that
  /// claims success would be read as one.
  public init(_ code: StatusCode, _ message: String, details: [StatusDetail] = []) {
    self.code = code == .ok ? .unknown : code
    self.message = message
    self.details = details
  }
}

extension RPCError: CustomStringConvertible {
  /// As in `NOT_FOUND: no key 7`.
  public var description: String { "\(code.name): \(message)" }
}

extension RPCError {
  /// The wrong fields of the request, of the first `BadRequest` detail.
  public var fieldViolations: [FieldViolation] {
    for case .badRequest(let violations) in details { return violations }
    return []
  }

  /// How long to wait before the next try, when the server said so.
  public var retryDelay: Duration? {
    for case .retryInfo(let delay) in details { return delay }
    return nil
  }

  /// The stable reason for programs, as in `IDEMPOTENCY_KEY_REUSED`.
  public var reason: String? {
    for case .errorInfo(let reason) in details { return reason }
    return nil
  }

  /// The id under which the server logged the cause.
  public var requestID: String? {
    for case .requestInfo(let id) in details { return id }
    return nil
  }
}

/// An error of a floor above that knows how to present itself to callers.
///
/// Whatever a service method throws that is neither an ``RPCError`` nor one of these reaches the
/// caller as INTERNAL with an id, and the log with its text.
package protocol RPCErrorConvertible: Error {
  /// What the caller sees.
  var rpcError: RPCError { get }
  /// What only the log sees; nil when there is nothing to add.
  var cause: (any Error)? { get }
}
