internal import CProtobufC

/// Reads the fields of a C message into Swift values. Used by generated code.
///
/// Every accessor takes the index of a field: its rank by number. The index and the type are
/// checked, so a wrong one ends the process with a sentence rather than reading other memory. The
/// reader can be borrowed but not copied, and the message lives as long as the borrow.
@safe
public struct MessageReader: ~Copyable {
  private let message: UnsafePointer<ProtobufCMessage>

  init(_ message: UnsafePointer<ProtobufCMessage>) {
    unsafe self.message = unsafe message
  }

  // MARK: Singular fields

  /// A `string` field.
  package func string(_ index: Int) -> String {
    unsafe Self.text(member(index, .text, as: UnsafePointer<CChar>?.self).pointee)
  }

  /// A `bytes` field.
  package func bytes(_ index: Int) -> [UInt8] {
    unsafe Self.data(member(index, .data, as: ProtobufCBinaryData.self).pointee)
  }

  /// A `bool` field.
  package func bool(_ index: Int) -> Bool {
    unsafe member(index, .truth, as: protobuf_c_boolean.self).pointee != 0
  }

  /// An `int32`, `sint32` or `sfixed32` field.
  package func int32(_ index: Int) -> Int32 {
    unsafe member(index, .signed32, as: Int32.self).pointee
  }

  /// A `uint32` or `fixed32` field.
  package func uint32(_ index: Int) -> UInt32 {
    unsafe member(index, .unsigned32, as: UInt32.self).pointee
  }

  /// An `int64`, `sint64` or `sfixed64` field.
  package func int64(_ index: Int) -> Int64 {
    unsafe member(index, .signed64, as: Int64.self).pointee
  }

  /// A `uint64` or `fixed64` field.
  package func uint64(_ index: Int) -> UInt64 {
    unsafe member(index, .unsigned64, as: UInt64.self).pointee
  }

  /// A `float` field.
  package func float(_ index: Int) -> Float {
    unsafe member(index, .single, as: Float.self).pointee
  }

  /// A `double` field.
  package func double(_ index: Int) -> Double {
    unsafe member(index, .double, as: Double.self).pointee
  }

  /// An enum field.
  @inlinable
  package func enumeration<E: ProtoEnum>(_ index: Int, as type: E.Type = E.self) -> E {
    E(rawValue: enumNumber(index))
  }

  /// A message field, nil when it is absent.
  @inlinable
  package func message<M: Message>(
    _ index: Int, as type: M.Type = M.self
  ) throws(MessageError) -> M? {
    guard let nested = nested(index) else { return nil }
    return try M(from: nested)
  }

  /// Whether a member of a oneof is the one that is set.
  package func isSet(_ index: Int) -> Bool {
    let field = unsafe field(index)
    precondition(unsafe field.pointee.isOneofMember, "field \(index) is in no oneof")
    let chosen = unsafe UnsafeRawPointer(message).load(
      fromByteOffset: Int(field.pointee.quantifier_offset), as: UInt32.self)
    return unsafe chosen == field.pointee.id
  }

  // MARK: Repeated fields

  /// A repeated `string` field.
  package func strings(_ index: Int) -> [String] {
    unsafe elements(index, .text, as: UnsafePointer<CChar>?.self).map { unsafe Self.text($0) }
  }

  /// A repeated `bytes` field.
  package func bytesList(_ index: Int) -> [[UInt8]] {
    unsafe elements(index, .data, as: ProtobufCBinaryData.self).map { unsafe Self.data($0) }
  }

  /// A repeated `bool` field.
  package func bools(_ index: Int) -> [Bool] {
    unsafe elements(index, .truth, as: protobuf_c_boolean.self).map { $0 != 0 }
  }

  /// A repeated `int32`, `sint32` or `sfixed32` field.
  package func int32s(_ index: Int) -> [Int32] {
    unsafe Array(elements(index, .signed32, as: Int32.self))
  }

  /// A repeated `uint32` or `fixed32` field.
  package func uint32s(_ index: Int) -> [UInt32] {
    unsafe Array(elements(index, .unsigned32, as: UInt32.self))
  }

  /// A repeated `int64`, `sint64` or `sfixed64` field.
  package func int64s(_ index: Int) -> [Int64] {
    unsafe Array(elements(index, .signed64, as: Int64.self))
  }

  /// A repeated `uint64` or `fixed64` field.
  package func uint64s(_ index: Int) -> [UInt64] {
    unsafe Array(elements(index, .unsigned64, as: UInt64.self))
  }

  /// A repeated `float` field.
  package func floats(_ index: Int) -> [Float] {
    unsafe Array(elements(index, .single, as: Float.self))
  }

  /// A repeated `double` field.
  package func doubles(_ index: Int) -> [Double] {
    unsafe Array(elements(index, .double, as: Double.self))
  }

  /// A repeated enum field.
  @inlinable
  package func enumerations<E: ProtoEnum>(_ index: Int, as type: E.Type = E.self) -> [E] {
    enumNumbers(index).map { E(rawValue: $0) }
  }

  /// A repeated message field.
  @inlinable
  package func messages<M: Message>(
    _ index: Int, as type: M.Type = M.self
  ) throws(MessageError) -> [M] {
    let count = messageCount(index)
    guard count > 0 else { return [] }
    return try [M](capacity: count) { span throws(MessageError) in
      for element in 0..<count { span.append(try M(from: nested(index, element: element))) }
    }
  }

  // MARK: Behind the accessors

  @usableFromInline
  func enumNumber(_ index: Int) -> Int32 {
    unsafe member(index, .enumeration, as: Int32.self).pointee
  }

  @usableFromInline
  func enumNumbers(_ index: Int) -> [Int32] {
    unsafe Array(elements(index, .enumeration, as: Int32.self))
  }

  @usableFromInline
  func nested(_ index: Int) -> MessageReader? {
    let pointer = unsafe member(index, .message, as: UnsafePointer<ProtobufCMessage>?.self)
    guard let message = unsafe pointer.pointee else { return nil }
    return unsafe MessageReader(message)
  }

  @usableFromInline
  func messageCount(_ index: Int) -> Int {
    unsafe elements(index, .message, as: UnsafePointer<ProtobufCMessage>.self).count
  }

  @usableFromInline
  func nested(_ index: Int, element: Int) -> MessageReader {
    let all = unsafe elements(index, .message, as: UnsafePointer<ProtobufCMessage>.self)
    precondition(element >= 0 && element < all.count, "field \(index) has no element \(element)")
    return unsafe MessageReader(all[element])
  }

  private func field(_ index: Int) -> UnsafePointer<ProtobufCFieldDescriptor> {
    let descriptor = unsafe message.pointee.descriptor
    guard let descriptor = unsafe descriptor, index >= 0,
      unsafe index < Int(descriptor.pointee.n_fields)
    else { preconditionFailure("the message has no field \(index)") }
    return unsafe descriptor.pointee.fields + index
  }

  /// The member of a field that is not repeated. For a oneof, other members share its memory, so
  /// generated code asks ``isSet(_:)`` first.
  @inline(__always)
  private func member<T>(_ index: Int, _ storage: FieldStorage, as: T.Type) -> UnsafePointer<T> {
    let field = unsafe field(index)
    let type = unsafe field.pointee.type
    precondition(
      unsafe storage.holds(type) && !field.pointee.isRepeated,
      "field \(index) is not a singular field of type \(storage)")
    precondition(
      unsafe !field.pointee.isOneofMember || isSet(index), "field \(index) of a oneof is not set")
    return unsafe (UnsafeRawPointer(message) + Int(field.pointee.offset))
      .assumingMemoryBound(to: T.self)
  }

  /// The elements of a repeated field.
  @inline(__always)
  private func elements<T>(
    _ index: Int, _ storage: FieldStorage, as: T.Type
  ) -> UnsafeBufferPointer<T> {
    let field = unsafe field(index)
    let type = unsafe field.pointee.type
    precondition(
      unsafe storage.holds(type) && field.pointee.isRepeated,
      "field \(index) is not a repeated field of type \(storage)")
    let memory = unsafe UnsafeRawPointer(message)
    let count = unsafe memory.load(
      fromByteOffset: Int(field.pointee.quantifier_offset), as: Int.self)
    let array = unsafe memory.load(
      fromByteOffset: Int(field.pointee.offset), as: UnsafeRawPointer?.self)
    return unsafe UnsafeBufferPointer(
      start: array?.assumingMemoryBound(to: T.self), count: array == nil ? 0 : count)
  }

  private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
    guard let pointer = unsafe pointer, unsafe pointer.pointee != 0 else { return "" }
    return unsafe String(cString: pointer)
  }

  private static func data(_ data: ProtobufCBinaryData) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len))
  }
}
