internal import ProtobufC
internal import Reactor

/// Builds the data of a Request frame.
enum RequestFrame {
  /// The data for a call, made by the caller's thread so that the loop has only to copy it.
  /// - Parameter request: nil for a stream of requests.
  /// - Throws: INVALID_ARGUMENT for text that cannot travel, RESOURCE_EXHAUSTED above 4 MiB.
  static func data(
    _ method: MethodName, _ request: (some Message)?, _ metadata: Metadata, timeout: Duration?
  ) throws(RPCError) -> [UInt8] {
    var data: [UInt8] = []
    do throws(MessageError) {
      var envelope = TTRPCRequest(service: method.service, method: method.method)
      if let timeout { envelope.timeoutNano = max(1, timeout.saturatingNanoseconds) }
      envelope.metadata = metadata.entries.map { TTRPCKeyValue(key: $0.key, value: $0.value) }
      try envelope.appendSerialized(to: &data)
      // The payload goes behind the rest of the envelope without a copy of its own: the order of
      // fields is free, and concatenated fields are one message.
      if let request { try request.appendSerialized(asField: 3, to: &data) }
    } catch {
      throw RPCError(.invalidArgument, error.summary, details: [.badRequest(error.violations)])
    }
    guard data.count <= FrameHeader.maxDataLength else {
      throw RPCError(
        .resourceExhausted,
        "the request has \(data.count) bytes, \(FrameHeader.maxDataLength) are allowed")
    }
    return data
  }
}
