/// How a call ended: the sixteen codes of gRPC
/// (grpc.github.io/grpc/core/md_doc_statuscodes.html), carried in `google.rpc.Status.code`.
public enum StatusCode: Int32, Sendable, Hashable, CaseIterable {
  /// The call succeeded.
  case ok = 0
  /// The caller gave the call up.
  case cancelled = 1
  /// A failure whose kind the server did not say.
  case unknown = 2
  /// The request is wrong whatever the state of the server: do not retry it.
  case invalidArgument = 3
  /// The time allowed for the call ran out. The work may or may not have been done.
  case deadlineExceeded = 4
  /// The named resource does not exist.
  case notFound = 5
  /// The resource to be created exists already.
  case alreadyExists = 6
  /// The caller is known and may not do this.
  case permissionDenied = 7
  /// A limit was reached. `QuotaFailure` names it.
  case resourceExhausted = 8
  /// The state of the resource forbids this.
  case failedPrecondition = 9
  /// A concurrent change got in the way: retry the whole operation.
  case aborted = 10
  /// Past the end of a valid range.
  case outOfRange = 11
  /// The server has no such service or method.
  case unimplemented = 12
  /// The server is at fault. `RequestInfo` names the line in its log.
  case `internal` = 13
  /// The server cannot be reached or cannot work now: retry later.
  case unavailable = 14
  /// Stored data is lost or corrupt.
  case dataLoss = 15
  /// The caller is not known.
  case unauthenticated = 16

  /// The name of the code as protocols write it, as in `INVALID_ARGUMENT`.
  public var name: String {
    switch self {
    case .ok: "OK"
    case .cancelled: "CANCELLED"
    case .unknown: "UNKNOWN"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .permissionDenied: "PERMISSION_DENIED"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .aborted: "ABORTED"
    case .outOfRange: "OUT_OF_RANGE"
    case .unimplemented: "UNIMPLEMENTED"
    case .internal: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    case .dataLoss: "DATA_LOSS"
    case .unauthenticated: "UNAUTHENTICATED"
    }
  }
}
