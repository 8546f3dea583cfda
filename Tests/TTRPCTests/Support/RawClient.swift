import ProtobufC
import Reactor
import TTRPC

/// A client that speaks in frames and bytes, right or wrong.
final class RawClient: StreamSocketDelegate, @unchecked Sendable {
  struct Frame: Equatable, Sendable {
    var header: FrameHeader
    var body: [UInt8]

    /// The status of a Response; nil when it is a success or no Response.
    var error: RPCError? {
      get throws {
        guard header.type == .response else { return nil }
        let response = try TTRPCResponse(serialized: body)
        guard let status = response.status else { return nil }
        return RPCError(
          StatusCode(rawValue: status.code) ?? .unknown, status.message,
          details: status.details.map { StatusDetail(unpacking: $0) })
      }
    }
  }

  let socket: StreamSocket
  private var decoder = FrameDecoder()
  private let continuation: AsyncStream<Frame>.Continuation
  private var iterator: AsyncStream<Frame>.Iterator

  init(path: String, on loop: EventLoop) async throws {
    socket = try await StreamSocket.connect(path: path, on: loop, deadline: .within(.seconds(120)))
    let (stream, continuation) = AsyncStream.makeStream(of: Frame.self)
    self.continuation = continuation
    iterator = stream.makeAsyncIterator()
    try await loop.run { try self.socket.start(self) }
  }

  // MARK: Sending

  func send(_ bytes: [UInt8]) async {
    await socket.loop.run {
      self.socket.withOutput { $0 += bytes }
      self.socket.flush()
    }
  }

  func send(
    _ type: FrameType, _ flags: FrameFlags = [], stream: UInt32, _ data: [UInt8] = []
  ) async {
    await send(Self.frame(type, flags, stream: stream, data))
  }

  /// Sends a request of `test.Echo`.
  func call(
    _ method: String, stream: UInt32, _ request: some Message, flags: FrameFlags = [],
    timeout: Int64 = 0
  ) async throws {
    await send(
      .request, flags, stream: stream,
      try Self.request(method, payload: request.serialized(), timeout: timeout))
  }

  static func frame(
    _ type: FrameType, _ flags: FrameFlags = [], stream: UInt32, _ data: [UInt8] = []
  ) -> [UInt8] {
    header(length: UInt32(data.count), type, flags, stream: stream) + data
  }

  static func header(
    length: UInt32, _ type: FrameType, _ flags: FrameFlags = [], stream: UInt32
  ) -> [UInt8] {
    let words = [length, stream].flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
    return words + [type.rawValue, flags.rawValue]
  }

  static func request(
    _ method: String, service: String = Echo.name, payload: [UInt8], timeout: Int64 = 0
  ) throws -> [UInt8] {
    try TTRPCRequest(
      service: service, method: method, payload: payload, timeoutNano: timeout
    ).serialized()
  }

  /// Ends the client's direction.
  func finishWriting() async { await socket.loop.run { self.socket.finishWriting() } }
  func pauseReading() async { await socket.loop.run { self.socket.pauseReading() } }
  func resumeReading() async { await socket.loop.run { self.socket.resumeReading() } }
  func close() async { await socket.loop.run { self.socket.close() } }

  /// Returns when the kernel has taken everything.
  func sent() async {
    while await socket.loop.run({ self.socket.unsentBytes }) > 0 {}
  }

  // MARK: Receiving

  /// The next frame; nil when the server has closed.
  func next() async -> Frame? {
    await iterator.next(isolation: nil)
  }

  /// The error of the next frame, which must be one.
  func nextError() async throws -> (stream: UInt32, error: RPCError)? {
    guard let frame = await next(), let error = try frame.error else { return nil }
    return (frame.header.streamID, error)
  }

  /// Waits until the server has closed; the frames that came before.
  func untilClosed() async -> [Frame] {
    var frames: [Frame] = []
    while let frame = await next() { frames.append(frame) }
    return frames
  }

  // MARK: StreamSocketDelegate

  func received(_ bytes: Span<UInt8>) -> Int {
    var offset = 0
    while case .frame(let header, let body) = decoder.next(in: bytes, at: &offset) {
      let span = bytes.extracting(body)
      continuation.yield(
        Frame(header: header, body: span.withUnsafeBufferPointer { Array($0) }))
    }
    return offset
  }

  func peerFinishedWriting() { socket.close() }
  func outputDrained() {}
  func closed(_ error: SystemError?) { continuation.finish() }
}
