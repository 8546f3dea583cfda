internal import ProtobufC
internal import Reactor

/// Reads the data of Response frames.
enum Reply {
  /// The message of a response.
  /// - Throws: as ``payload(_:)``, and INTERNAL when the payload is not such a message.
  static func message<Response: Message>(
    _: Response.Type, _ body: Span<UInt8>
  ) throws(RPCError) -> Response {
    try decode(Response.self, body.extracting(try payload(body)))
  }

  /// Where the message of a response stands.
  /// - Throws: the status of a failed call, INTERNAL when the bytes are not a response.
  static func payload(_ body: Span<UInt8>) throws(RPCError) -> Range<Int> {
    guard let envelope = ResponseEnvelope(body, in: 0..<body.count) else {
      throw .protocolViolation("a Response frame does not hold a ttrpc.Response")
    }
    if let range = envelope.status {
      let failure: RPCError?
      do throws(MessageError) {
        failure = try RPCError(serializedStatus: body.extracting(range))
      } catch {
        throw .protocolViolation("the status of a response cannot be read: \(error.summary)")
      }
      if let failure { throw failure }
    }
    return envelope.payload
  }

  /// A message as it is.
  static func decode<Response: Message>(
    _: Response.Type, _ payload: Span<UInt8>
  ) throws(RPCError) -> Response {
    do throws(MessageError) {
      return try Response(serialized: payload, limits: .response)
    } catch {
      throw .protocolViolation("the response cannot be read: \(error.summary)")
    }
  }
}

extension RPCError {
  /// The server does not speak the protocol, or not the contract.
  static func protocolViolation(_ message: String) -> RPCError {
    RPCError(.internal, message, details: [.errorInfo(reason: "PROTOCOL_VIOLATION")])
  }

  /// The connection ended before the answer came.
  static func connectionLost(_ path: String, _ error: SystemError?) -> RPCError {
    RPCError(
      .unavailable,
      "the connection to \(path) was lost before the answer, so the call may have been carried out"
        + (error.map { ": \($0)" } ?? ""),
      details: [.errorInfo(reason: "OUTCOME_UNKNOWN")])
  }

  /// No connection came about; the call was not sent.
  static func unreachable(_ path: String, _ error: SystemError) -> RPCError {
    RPCError(
      .unavailable, "cannot reach the server at \(path): \(error)",
      details: [.errorInfo(reason: "UNREACHABLE")])
  }

  static let clientClosed = RPCError(
    .cancelled, "the client was closed", details: [.errorInfo(reason: "CLIENT_CLOSED")])

  static let cancelledUnsent = RPCError(.cancelled, "the call was cancelled; it was not sent")

  static let cancelled = RPCError(
    .cancelled, "the call was cancelled; it may have been carried out")

  static let timedOutUnsent = RPCError(
    .deadlineExceeded, "the time allowed for the call is over; it was not sent")

  static let timedOut = RPCError(
    .deadlineExceeded, "the time allowed for the call is over; it may have been carried out")
}
