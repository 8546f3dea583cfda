internal import ProtobufC
internal import Reactor
internal import Synchronization

/// What a frame did to a call.
enum ReplyProgress {
  case goesOn
  /// The consumer is behind: read nothing more until it has caught up.
  case full
  case ended
}

/// One call of a client: its request, and where the answer goes; see ``UnaryClientCall`` and ``StreamClientCall``.
// SAFETY: `state` is touched on the channel's loop only; the rest never changes.
class ClientCall: @unchecked Sendable {
  /// Where a call is.
  enum State {
    /// On its way to the loop.
    case made
    case waiting
    case sent(stream: UInt32)
    case over
  }

  /// The data of its Request frame, except its time; see ``RequestFrame``.
  final let data: [UInt8]
  final let flags: FrameFlags
  final let deadline: Deadline
  final let whenUnreachable: CallOptions.WhenUnreachable
  final var state = State.made

  init(
    data: [UInt8], flags: FrameFlags, deadline: Deadline,
    whenUnreachable: CallOptions.WhenUnreachable
  ) {
    self.data = data
    self.flags = flags
    self.deadline = deadline
    self.whenUnreachable = whenUnreachable
  }

  /// Takes a frame of the call. On the loop.
  func receive(_ header: FrameHeader, _ body: Span<UInt8>) -> ReplyProgress {
    preconditionFailure("each kind of call has its own answer")
  }

  /// Ends the call. Ignored after its end.
  func fail(_ error: RPCError) {
    preconditionFailure("each kind of call has its own end")
  }
}

/// A call with one answer: its payload, which the caller decodes.
///
/// Without types of the call's own: to look those up at run time took a quarter of a call.
// SAFETY: `result` is written by whoever claims it first, before the gates open, and read behind
// `end`; `age` is touched on the channel's loop only.
final class UnaryClientCall: ClientCall, @unchecked Sendable {
  /// How many ticks of the channel a call has seen.
  enum Age {
    case fresh, seen, long
  }

  var age = Age.fresh
  private var result: Result<[UInt8], RPCError>?
  private let isClaimed = Atomic<Bool>(false)
  /// Opens when the call has ended.
  private let end = Gate()
  /// Opens when the call has ended or takes long.
  private let news = Gate()

  override func receive(_ header: FrameHeader, _ body: Span<UInt8>) -> ReplyProgress {
    guard header.type == .response else {
      fail(.protocolViolation("a unary call was answered with a stream"))
      return .ended
    }
    do throws(RPCError) {
      var payload: [UInt8] = []
      payload.append(copying: body.extracting(try Reply.payload(body)))
      end(.success(payload))
    } catch {
      fail(error)
    }
    return .ended
  }

  override func fail(_ error: RPCError) {
    end(.failure(error))
  }

  private func end(_ result: Result<[UInt8], RPCError>) {
    guard !isClaimed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    self.result = result
    end.open()
    news.open()
  }

  /// Tells the waiting task that the answer is not to be expected soon.
  func takesLong() {
    age = .long
    news.open()
  }

  /// The payload, or what the call failed with. Cancellation does not end the wait; giving the call up
  /// does.
  /// - Parameter giveUp: called when the task is cancelled while the call takes long. That it might be
  ///   is made known then only: to register for it and to take that back costs a tenth of a call.
  func answer(giveUp: @Sendable () -> Void) async -> Result<[UInt8], RPCError> {
    await news.pass()
    if !end.isOpen {
      await withTaskCancellationHandler {
        await end.pass()
      } onCancel: {
        giveUp()
      }
    }
    guard let result else { preconditionFailure("a call ended without a result") }
    return result
  }
}

/// A call with a stream of answers.
// SAFETY: what it adds to ``ClientCall`` never changes, and the queue may be touched from anywhere.
final class StreamClientCall<Response: Message>: ClientCall, @unchecked Sendable {
  private let queue: MessageQueue<Response>
  private let serverStreams: Bool

  /// - Parameters:
  ///   - queue: takes the answers.
  ///   - serverStreams: whether there may be more than one.
  init(
    data: [UInt8], flags: FrameFlags, deadline: Deadline,
    whenUnreachable: CallOptions.WhenUnreachable, queue: MessageQueue<Response>, serverStreams: Bool
  ) {
    self.queue = queue
    self.serverStreams = serverStreams
    super.init(data: data, flags: flags, deadline: deadline, whenUnreachable: whenUnreachable)
  }

  override func receive(_ header: FrameHeader, _ body: Span<UInt8>) -> ReplyProgress {
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

  override func fail(_ error: RPCError) {
    queue.finish(throwing: error)
  }
}
