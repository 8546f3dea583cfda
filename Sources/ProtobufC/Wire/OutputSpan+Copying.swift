extension OutputSpan<UInt8> {
  /// Copies `bytes` behind what is there, which must have room for them.
  package mutating func append(copying bytes: Span<UInt8>) {
    precondition(freeCapacity >= bytes.count, "\(bytes.count) bytes need as much room")
    guard bytes.count > 0 else { return }
    unsafe bytes.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      unsafe withUnsafeMutableBufferPointer { target, count in
        unsafe UnsafeMutableRawPointer(target.baseAddress.unsafelyUnwrapped + count)
          .copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
      }
    }
  }
}

extension [UInt8] {
  /// Copies `bytes` behind what is there.
  package mutating func append(copying bytes: Span<UInt8>) {
    append(addingCapacity: bytes.count) { span in span.append(copying: bytes) }
  }
}
