internal import ProtobufC
internal import Reactor

/// Builds Request frames.
enum RequestFrame {
  /// Most bytes of data: there must be room for ten of the field `timeout_nano`.
  private static let maxDataBytes = FrameHeader.maxDataLength - 10

  /// The data for a call without its time, made by the caller's thread so that the loop has only to
  /// copy it.
  /// - Throws: INVALID_ARGUMENT for text of the request that cannot travel, RESOURCE_EXHAUSTED above
  ///   4 MiB.
  static func data(
    _ method: MethodName, _ request: some Message, _ metadata: Metadata
  ) throws(RPCError) -> [UInt8] {
    try data(method, metadata) { data throws(MessageError) in
      try request.appendSerialized(asField: 3, to: &data)
    }
  }

  /// The same for a stream of requests, which has none here.
  static func data(_ method: MethodName, _ metadata: Metadata) throws(RPCError) -> [UInt8] {
    try data(method, metadata) { _ in }
  }

  private static func data(
    _ method: MethodName, _ metadata: Metadata,
    _ appendRequest: (inout [UInt8]) throws(MessageError) -> Void
  ) throws(RPCError) -> [UInt8] {
    var data: [UInt8] = []
    // Most requests fit.
    data.reserveCapacity(256)
    do throws(MessageError) {
      // By hand, as these two are in every call; the parts of a message may stand one behind the other
      // in any order, so the payload needs no copy of its own.
      append(field: 1, method.service, to: &data)
      append(field: 2, method.method, to: &data)
      if !metadata.isEmpty {
        var envelope = TTRPCRequest()
        envelope.metadata = metadata.entries.map { TTRPCKeyValue(key: $0.key, value: $0.value) }
        try envelope.appendSerialized(to: &data)
      }
      try appendRequest(&data)
    } catch {
      throw RPCError(.invalidArgument, error.summary, details: [.badRequest(error.violations)])
    }
    guard data.count <= maxDataBytes else {
      throw RPCError(
        .resourceExhausted,
        "the request has \(data.count) bytes, \(maxDataBytes) are allowed")
    }
    return data
  }

  private static func append(field number: UInt8, _ text: String, to data: inout [UInt8]) {
    data.append(number << 3 | 2)
    FrameWriter.append(varint: UInt64(text.utf8.count), to: &data)
    data.append(addingCapacity: text.utf8.count) { span in
      let bytes = text.utf8Span.span
      for index in bytes.indices { span.append(bytes[index]) }
    }
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
    FrameWriter.append(
      FrameHeader(dataLength: UInt32(length), streamID: id, type: .request, flags: flags),
      to: &output)
    output.append(contentsOf: data)
    guard let time else { return }
    output.append(0x20)
    FrameWriter.append(varint: time, to: &output)
  }
}
