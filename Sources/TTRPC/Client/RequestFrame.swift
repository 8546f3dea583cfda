internal import ProtobufC
internal import Reactor

/// Builds Request frames.
enum RequestFrame {
  /// Most bytes of data: there must be room for ten of the field `timeout_nano`.
  fileprivate static let maxDataBytes = FrameHeader.maxDataLength - 10

  /// The data for a call without its time, made by the caller's thread so that the loop has only to
  /// copy it.
  /// - Throws: INVALID_ARGUMENT for text of the request that cannot travel, RESOURCE_EXHAUSTED above
  ///   4 MiB.
  static func data(
    _ method: MethodName, _ request: some Message, _ metadata: Metadata
  ) throws(RPCError) -> [UInt8] {
    var total = 0
    let data: [UInt8]?
    do throws(MessageError) {
      let metadata = try serialized(metadata)
      data = try request.withPacked { packed in
        total = size(method, metadata) + packed.size(asField: 3)
        guard total <= maxDataBytes else { return nil }
        var data: [UInt8] = []
        data.append(addingCapacity: total) { span in
          append(method, metadata, to: &span)
          packed.append(asField: 3, to: &span)
        }
        return data
      }
    } catch {
      throw RPCError(error)
    }
    guard let data else { throw .tooLong(total) }
    return data
  }

  /// The same for a stream of requests, which has none here.
  static func data(_ method: MethodName, _ metadata: Metadata) throws(RPCError) -> [UInt8] {
    let rest: [UInt8]
    do throws(MessageError) {
      rest = try serialized(metadata)
    } catch {
      throw RPCError(error)
    }
    let size = size(method, rest)
    guard size <= maxDataBytes else { throw .tooLong(size) }
    var data: [UInt8] = []
    data.append(addingCapacity: size) { span in append(method, rest, to: &span) }
    return data
  }

  // By hand, as these two names are in every call; the parts of a message may stand one behind the
  // other in any order, so the payload needs no copy of its own.

  private static func size(_ method: MethodName, _ metadata: [UInt8]) -> Int {
    size(method.service) + size(method.method) + metadata.count
  }

  private static func append(
    _ method: MethodName, _ metadata: [UInt8], to span: inout OutputSpan<UInt8>
  ) {
    append(field: 1, method.service, to: &span)
    append(field: 2, method.method, to: &span)
    span.append(copying: metadata.span)
  }

  private static func size(_ text: String) -> Int {
    1 + FrameWriter.varintLength(UInt64(text.utf8.count)) + text.utf8.count
  }

  private static func append(
    field number: UInt8, _ text: String, to span: inout OutputSpan<UInt8>
  ) {
    span.append(number << 3 | 2)
    FrameWriter.append(varint: UInt64(text.utf8.count), to: &span)
    span.append(copying: text.utf8Span.span)
  }

  private static func serialized(_ metadata: Metadata) throws(MessageError) -> [UInt8] {
    if metadata.isEmpty { return [] }
    var envelope = TTRPCRequest()
    envelope.metadata = metadata.entries.map { TTRPCKeyValue(key: $0.key, value: $0.value) }
    return try envelope.serialized()
  }

  /// Puts a frame behind the bytes of `output`: the data, and what is left of the call's time. That
  /// is known only now, as the call may have waited, and its server counts from the arrival.
  /// - Parameter deadline: of the call; ``Deadline/never`` is not mentioned.
  static func append(
    _ data: [UInt8], _ flags: FrameFlags, stream id: UInt32, deadline: Deadline,
    at now: MonotonicInstant, to output: inout [UInt8]
  ) {
    let left = deadline.instant.nanoseconds &- now.nanoseconds
    // Zero would mean the server's own time.
    let time = deadline == .never ? nil : UInt64(max(1, left))
    let length = data.count + (time.map { 1 + FrameWriter.varintLength($0) } ?? 0)
    let header = FrameHeader(
      dataLength: UInt32(length), streamID: id, type: .request, flags: flags)
    output.append(addingCapacity: FrameHeader.byteCount + length) { span in
      header.append(to: &span)
      span.append(copying: data.span)
      guard let time else { return }
      span.append(0x20)
      FrameWriter.append(varint: time, to: &span)
    }
  }
}

extension RPCError {
  /// Text of the request cannot travel.
  fileprivate init(_ error: MessageError) {
    self.init(.invalidArgument, error.summary, details: [.badRequest(error.violations)])
  }

  fileprivate static func tooLong(_ size: Int) -> RPCError {
    RPCError(
      .resourceExhausted,
      "the request has \(size) bytes, \(RequestFrame.maxDataBytes) are allowed")
  }
}
