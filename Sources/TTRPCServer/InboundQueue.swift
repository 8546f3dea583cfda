internal import ProtobufC
internal import TTRPC

/// The inbound half of a streaming call, whatever its messages are.
protocol InboundMessages: AnyObject, Sendable {
  /// Decodes a message in place and queues it. True when the queue is full with it.
  /// - Throws: when the bytes are not such a message.
  func receive(_ payload: Span<UInt8>) throws(MessageError) -> Bool
  func finish()
  func fail(_ error: RPCError)
  var isFull: Bool { get }
  var takenCount: Int { get }
}

/// Requests of one streaming call, decoded, waiting for its handler.
final class InboundQueue<Request: Message>: InboundMessages {
  let queue: MessageQueue<Request>

  private init(_ queue: MessageQueue<Request>) {
    self.queue = queue
  }

  /// Makes the queue of a new call and puts the message of its Request frame in, if it carries one.
  /// Nil when that message cannot be decoded, which is then answered.
  static func open(
    _ opening: borrowing CallOpening, _ payload: Span<UInt8>, on connection: ServerConnection
  ) -> InboundQueue? {
    let bound = MessageQueue<Request>.Bound(
      messages: connection.limits.maxQueuedMessages, bytes: connection.limits.maxQueuedBytes)
    let inbound = InboundQueue(
      MessageQueue(bound: bound) { connection.onLoop { $0.readOn() } })
    // An empty payload is no message here: clients of both kinds open a stream with one
    // (PROTOCOL.md, "Streams").
    if !payload.isEmpty, !opening.flags.contains(.noData) {
      guard let first = connection.decode(Request.self, payload, for: opening) else { return nil }
      _ = inbound.queue.push(first, byteCount: payload.count)
    }
    if !opening.flags.contains(.remoteOpen) { inbound.finish() }
    return inbound
  }

  func receive(_ payload: Span<UInt8>) throws(MessageError) -> Bool {
    queue.push(try Request(serialized: payload, limits: .request), byteCount: payload.count)
  }

  func finish() { queue.finish() }
  func fail(_ error: RPCError) { queue.fail(error) }
  var isFull: Bool { queue.isFull }
  var takenCount: Int { queue.takenCount }
}
