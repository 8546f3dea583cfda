internal import ProtobufC
internal import TTRPC
internal import TTRPCServer

/// Lets frames drive a stream table as a connection does, beside the simplest account of it: which
/// calls run and which of them still have to be answered.
enum StreamsModel {
  static func run(_ events: [FramesTarget.Event]) {
    var model = Model()
    for event in events {
      guard case .frame(let header, let body) = event else { continue }
      switch header.type {
      case .request: model.request(header, body)
      case .data: model.data(header)
      case .response: readResponse(body)
      // Types the protocol does not know stand for what handlers do.
      default: model.returned(header.streamID)
      }
      model.check()
    }
  }

  private struct Model {
    private var streams = StreamTable<UInt32>()
    private var running: Set<UInt32> = []
    private var unanswered: Set<UInt32> = []
    private var last: UInt32 = 0

    mutating func request(_ header: FrameHeader, _ body: [UInt8]) {
      let id = header.streamID
      switch streams.receiveRequest(id) {
      case .evenID: promise(id % 2 == 0, "odd streams are the client's")
      case .notIncreasing(let live):
        promise(id % 2 == 1 && id <= last, "greater ids are new")
        answered(live, id)
      case .accepted:
        promise(id % 2 == 1 && id > last, "ids are odd and increase")
        last = id
        guard readRequest(body) else { return }
        running.insert(id)
        unanswered.insert(id)
        let isOpen = header.flags.contains(.remoteOpen)
        let isUnary = !isOpen && !header.flags.contains(.remoteClosed)
        streams.insert(id, isUnary ? .unary(id) : isOpen ? .receiving(id) : .replying(id))
      }
    }

    mutating func data(_ header: FrameHeader) {
      let id = header.streamID
      switch streams.receiveData(id, ends: header.flags.contains(.remoteClosed)) {
      case .deliver(let call, _):
        promise(call == id && unanswered.contains(id), "data goes to the call it names")
      case .drop: promise(!unanswered.contains(id), "an open call gets its data")
      case .violation(_, let live): answered(live, id)
      }
    }

    mutating func returned(_ id: UInt32) {
      let hasToBeAnswered = streams.handlerReturned(id)
      promise(hasToBeAnswered == unanswered.contains(id), "every call is answered once")
      running.remove(id)
      unanswered.remove(id)
    }

    private mutating func answered(_ live: UInt32?, _ id: UInt32) {
      promise(
        live == nil ? !unanswered.contains(id) : live == id && unanswered.contains(id),
        "a violation ends the call it hits, once")
      unanswered.remove(id)
    }

    func check() {
      promise(streams.lastID == last, "the last id is remembered")
      promise(Set(streams.calls.map(\.id)) == running, "the table has what runs")
      promise(streams.running == running.count, "what runs is counted")
      promise(streams.streaming <= unanswered.count, "what streams is counted")
    }
  }

  /// Whether it is a Request. The reader in place and the generated message agree on what it says.
  private static func readRequest(_ body: [UInt8]) -> Bool {
    let envelope = try? RequestEnvelope(body.span, in: 0..<body.count)
    let metadata = try? envelope?.metadata(
      body.span, maxEntries: body.count, maxBytes: body.count)
    // Losing the errors is right: what the validator refuses the reader may take, not the reverse.
    guard let message = try? TTRPCRequest(serialized: body.span, limits: .request) else {
      return envelope != nil && metadata != nil
    }
    guard let envelope, let metadata else { fatalError("BROKEN: a good Request is read") }
    promise(Array(body[envelope.service]) == Array(message.service.utf8), "the service is read")
    promise(Array(body[envelope.method]) == Array(message.method.utf8), "the method is read")
    promise(Array(body[envelope.payload]) == message.payload, "the payload is read")
    promise(envelope.timeoutNanoseconds == message.timeoutNano, "the timeout is read")
    promise(
      metadata.entries.map { [Array($0.key.utf8), Array($0.value.utf8)] }
        == message.metadata.map { [Array($0.key.utf8), Array($0.value.utf8)] },
      "the metadata is read")
    return true
  }

  private static func readResponse(_ body: [UInt8]) {
    let envelope = ResponseEnvelope(body.span, in: 0..<body.count)
    // Losing the error is right: as above.
    guard let message = try? TTRPCResponse(serialized: body.span, limits: .request) else { return }
    guard let envelope else { fatalError("BROKEN: a good Response is read") }
    promise((envelope.status != nil) == (message.status != nil), "the status is read")
    promise(Array(body[envelope.payload]) == message.payload, "the payload is read")
  }
}
