internal import ProtobufC
internal import Reactor
internal import Synchronization

/// Where the answer of a call goes. Called on the loop.
protocol ReplyReceiver: Sendable {
  /// Takes a frame of the call.
  func receive(_ header: FrameHeader, _ body: Span<UInt8>) -> ReplyProgress
  /// Ends the call. Ignored after its end.
  func fail(_ error: RPCError)
}

/// What a frame did to a call.
enum ReplyProgress {
  case goesOn
  /// The consumer is behind: read nothing more until it has caught up.
  case full
  case ended
}

/// One call of a client.
// SAFETY: `state` is touched on the channel's loop only; the rest never changes.
final class ClientCall: @unchecked Sendable {
  /// Where a call is.
  enum State {
    /// On its way to the loop.
    case made
    case waiting
    case sent(stream: UInt32)
    case over
  }

  /// The data of its Request frame, except its time; see ``RequestFrame``.
  let data: [UInt8]
  let flags: FrameFlags
  let deadline: Deadline
  let whenUnreachable: CallOptions.WhenUnreachable
  let reply: any ReplyReceiver
  var state = State.made

  init(
    data: [UInt8], flags: FrameFlags, deadline: Deadline,
    whenUnreachable: CallOptions.WhenUnreachable, reply: any ReplyReceiver
  ) {
    self.data = data
    self.flags = flags
    self.deadline = deadline
    self.whenUnreachable = whenUnreachable
    self.reply = reply
  }
}

/// The answer of a unary call: its payload, which the caller decodes.
///
/// Without types of the call's own: to look those up at run time took a quarter of a call.
// SAFETY: `result` is written by whoever claims it first, before the gate opens, and read behind it.
final class UnaryReply: ReplyReceiver, @unchecked Sendable {
  private var result: Result<[UInt8], RPCError>?
  private let isClaimed = Atomic<Bool>(false)
  private let gate = Gate()

  func receive(_ header: FrameHeader, _ body: Span<UInt8>) -> ReplyProgress {
    guard header.type == .response else {
      fail(.protocolViolation("a unary call was answered with a stream"))
      return .ended
    }
    do throws(RPCError) {
      let payload = body.extracting(try Reply.payload(body))
      var bytes: [UInt8] = []
      bytes.append(addingCapacity: payload.count) { span in
        for index in payload.indices { span.append(payload[index]) }
      }
      end(.success(bytes))
    } catch {
      fail(error)
    }
    return .ended
  }

  func fail(_ error: RPCError) {
    end(.failure(error))
  }

  private func end(_ result: Result<[UInt8], RPCError>) {
    guard !isClaimed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    self.result = result
    gate.open()
  }

  /// The payload, or what the call failed with. Cancellation does not end the wait; giving the call up
  /// does.
  func answer() async -> Result<[UInt8], RPCError> {
    await gate.pass()
    guard let result else { preconditionFailure("a reply ended without a result") }
    return result
  }
}

/// The answer of a streaming call.
final class StreamReply<Response: Message>: ReplyReceiver {
  let queue: MessageQueue<Response>
  private let serverStreams: Bool

  init(queue: MessageQueue<Response>, serverStreams: Bool) {
    self.queue = queue
    self.serverStreams = serverStreams
  }

  func receive(_ header: FrameHeader, _ body: Span<UInt8>) -> ReplyProgress {
    do throws(RPCError) {
      switch header.type {
      case .data:
        guard serverStreams else {
          throw .protocolViolation("a single response was answered with a stream")
        }
        var isFull = false
        if !header.flags.contains(.noData) {
          isFull = queue.push(try Reply.decode(Response.self, body), byteCount: body.count)
        }
        guard header.flags.contains(.remoteClosed) else { return isFull ? .full : .goesOn }
        queue.finish()
      default:
        let message = try Reply.message(Response.self, body)
        // The end of a stream without a status comes as an empty message, which is none.
        if !serverStreams || message != Response() {
          _ = queue.push(message, byteCount: body.count)
        }
        queue.finish()
      }
    } catch {
      queue.finish(throwing: error)
    }
    return .ended
  }

  func fail(_ error: RPCError) {
    queue.finish(throwing: error)
  }
}

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

  static let timedOutUnsent = RPCError(
    .deadlineExceeded, "the time allowed for the call is over; it was not sent")

  static let timedOut = RPCError(
    .deadlineExceeded, "the time allowed for the call is over; it may have been carried out")
}
