internal import CProtobufC

/// The fields of a serialized message where they lie, without a C struct and without a copy.
///
/// For envelopes: the ttrpc request is read this way, its payload is decoded in place and the names
/// of service and method are looked up by their bytes. Field indexes are those of
/// ``MessageReader``: the rank of the field by its number.
@safe
@usableFromInline
package struct MessageView: ~Copyable {
  private let descriptor: MessageDescriptor
  private let bytes: UnsafeBufferPointer<UInt8>
  private let limits: DecodingLimits
  private let found: UnsafeMutablePointer<FoundField>
  private let scope: ArenaScope

  @usableFromInline
  init(
    _ descriptor: MessageDescriptor, _ bytes: UnsafeBufferPointer<UInt8>, _ limits: DecodingLimits
  ) throws(MessageError) {
    let scope = ArenaScope()
    let count = descriptor.fieldCount
    guard
      let table = unsafe scope.arena.pointee.allocate(count * MemoryLayout<FoundField>.stride)
    else { throw MessageError.outOfMemory }
    let found = unsafe table.bindMemory(to: FoundField.self, capacity: count)
    unsafe found.initialize(repeating: FoundField(), count: count)
    try unsafe WireValidator.check(bytes, descriptor, limits, found: found)
    unsafe self.found = unsafe found
    self.descriptor = descriptor
    unsafe self.bytes = unsafe bytes
    self.limits = limits
    self.scope = scope
  }

  /// Validates a message and lends its fields to `body`.
  /// - Throws: What the validator refuses, and what `body` throws.
  @inlinable
  package static func read<R>(
    _ bytes: Span<UInt8>, as descriptor: MessageDescriptor, limits: DecodingLimits,
    _ body: (borrowing MessageView) throws(MessageError) -> R
  ) throws(MessageError) -> R {
    try unsafe bytes.withUnsafeBufferPointer { buffer throws(MessageError) in
      let view = try unsafe MessageView(descriptor, buffer, limits)
      return try body(view)
    }
  }

  /// Whether the field occurs in the message.
  package func has(_ index: Int) -> Bool { unsafe field(index).value != nil }

  /// Lends the bytes of a `string`, `bytes` or message field; none when it does not occur.
  @inlinable
  package func withBytes<R, E: Error>(
    _ index: Int, _ body: (Span<UInt8>) throws(E) -> R
  ) throws(E) -> R {
    let buffer = unsafe lengthDelimited(index)
    return try unsafe body(buffer.span)
  }

  /// A `string` field, empty when it does not occur.
  package func string(_ index: Int) -> String {
    unsafe String(decoding: lengthDelimited(index), as: UTF8.self)
  }

  /// An `int64` field, 0 when it does not occur.
  package func int64(_ index: Int) -> Int64 { Int64(bitPattern: uint64(index)) }

  /// A `uint64` field, 0 when it does not occur.
  package func uint64(_ index: Int) -> UInt64 {
    let field = field(index)
    let type = unsafe descriptor.fieldPointer(index).pointee.type
    precondition(
      WireBytes.wireType(of: type) == WireBytes.varint, "field \(index) is no varint")
    guard let value = unsafe field.value else { return 0 }
    return unsafe WireBytes.varintValue(value, value + field.count)
  }

  /// Lends each message of a repeated field, in order.
  @inlinable
  package func forEachMessage(
    _ index: Int, _ body: (borrowing MessageView) throws(MessageError) -> Void
  ) throws(MessageError) {
    var position = 0
    while let element = unsafe nextElement(index, after: &position) {
      let view = try unsafe MessageView(elementDescriptor(index), element, limits(index))
      try body(view)
    }
  }

  @usableFromInline
  func limits(_ index: Int) -> DecodingLimits { limits }

  @usableFromInline
  func elementDescriptor(_ index: Int) -> MessageDescriptor {
    unsafe descriptor.fieldPointer(index).pointee.message
  }

  @usableFromInline
  func lengthDelimited(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    let field = field(index)
    let type = unsafe descriptor.fieldPointer(index).pointee.type
    precondition(
      WireBytes.wireType(of: type) == WireBytes.lengthDelimited, "field \(index) has no bytes")
    return unsafe UnsafeBufferPointer(start: field.value, count: field.count)
  }

  private func field(_ index: Int) -> FoundField {
    precondition(index >= 0 && index < descriptor.fieldCount, "the message has no field \(index)")
    return unsafe found[index]
  }

  /// The next value of a repeated message field behind `position`, nil when there is none.
  @usableFromInline
  func nextElement(_ index: Int, after position: inout Int) -> UnsafeBufferPointer<UInt8>? {
    guard let base = unsafe bytes.baseAddress else { return nil }
    precondition(index >= 0 && index < descriptor.fieldCount, "the message has no field \(index)")
    let number = unsafe descriptor.fieldPointer(index).pointee.id
    precondition(
      unsafe descriptor.fieldPointer(index).pointee.type == PROTOBUF_C_TYPE_MESSAGE,
      "field \(index) holds no messages")
    let end = unsafe base + bytes.count
    var at = unsafe base + position
    // The validator saw these bytes: every tag and length is good.
    while unsafe at < end {
      let tag = unsafe WireBytes.tag(&at, end)
      var count = 0
      switch tag & 7 {
      case WireBytes.varint: _ = unsafe WireBytes.skipVarint(&at, end)
      case WireBytes.fixed64: count = 8
      case WireBytes.fixed32: count = 4
      default: count = unsafe WireBytes.length(&at, end)
      }
      let value = unsafe at
      unsafe at += count
      if tag >> 3 == number {
        position = unsafe at - base
        return unsafe UnsafeBufferPointer(start: value, count: count)
      }
    }
    position = unsafe bytes.count
    return nil
  }
}
