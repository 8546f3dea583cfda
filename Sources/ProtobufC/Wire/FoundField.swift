/// Where the validator saw a field of the outermost message.
@safe
struct FoundField {
  /// The value: behind the length of a length-delimited field, nil when the field was not there.
  private(set) var value: UnsafePointer<UInt8>?
  /// Bytes of the value.
  private(set) var count = 0

  /// Notes a value that was found good, with its length in front if it has one.
  mutating func note(
    from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>, _ wireType: UInt32
  ) {
    var at = unsafe start
    if wireType == WireBytes.lengthDelimited { _ = unsafe WireBytes.length(&at, end) }
    unsafe value = unsafe at
    count = unsafe end - at
  }
}
