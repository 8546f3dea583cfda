internal import CProtobufC
import Glibc

/// Writes Swift values into the fields of a C message. Used by generated code.
///
/// Every method takes the index of a field: its rank by number. The index and the type are checked,
/// so a wrong one ends the process with a sentence rather than writing other memory. What cannot be
/// encoded (a NUL in a `string`) is noted with its path, and encoding the whole fails with it.
/// The writer can be borrowed but not copied, and the message lives as long as the borrow.
@safe
public struct MessageWriter: ~Copyable {
  private let message: UnsafeMutablePointer<ProtobufCMessage>
  private let arena: UnsafeMutablePointer<Arena>

  init(_ message: UnsafeMutablePointer<ProtobufCMessage>, _ arena: UnsafeMutablePointer<Arena>) {
    unsafe self.message = unsafe message
    unsafe self.arena = unsafe arena
  }

  // MARK: Singular fields

  /// A `string` field.
  package func set(_ index: Int, _ value: String) {
    let member = unsafe member(index, .text, as: UnsafeMutablePointer<CChar>?.self)
    // An empty string is the default; a oneof must show that it is set.
    if value.isEmpty, unsafe !field(index).pointee.isOneofMember { return }
    if let text = unsafe copy(value, index, nil) { unsafe member.pointee = text }
  }

  /// A `bytes` field.
  package func set(_ index: Int, _ value: [UInt8]) {
    let member = unsafe member(index, .data, as: ProtobufCBinaryData.self)
    if let data = unsafe copy(value) { unsafe member.pointee = data }
  }

  /// A `bool` field.
  package func set(_ index: Int, _ value: Bool) {
    unsafe member(index, .truth, as: protobuf_c_boolean.self).pointee = value ? 1 : 0
  }

  /// An `int32`, `sint32` or `sfixed32` field.
  package func set(_ index: Int, _ value: Int32) {
    unsafe member(index, .signed32, as: Int32.self).pointee = value
  }

  /// A `uint32` or `fixed32` field.
  package func set(_ index: Int, _ value: UInt32) {
    unsafe member(index, .unsigned32, as: UInt32.self).pointee = value
  }

  /// An `int64`, `sint64` or `sfixed64` field.
  package func set(_ index: Int, _ value: Int64) {
    unsafe member(index, .signed64, as: Int64.self).pointee = value
  }

  /// A `uint64` or `fixed64` field.
  package func set(_ index: Int, _ value: UInt64) {
    unsafe member(index, .unsigned64, as: UInt64.self).pointee = value
  }

  /// A `float` field.
  package func set(_ index: Int, _ value: Float) {
    unsafe member(index, .single, as: Float.self).pointee = value
  }

  /// A `double` field.
  package func set(_ index: Int, _ value: Double) {
    unsafe member(index, .double, as: Double.self).pointee = value
  }

  /// An enum field.
  @inlinable
  package func set<E: ProtoEnum>(_ index: Int, _ value: E) {
    setEnumNumber(index, value.rawValue)
  }

  /// A message field; nil leaves it absent.
  @inlinable
  package func set<M: Message>(_ index: Int, _ value: M?) {
    guard let value, !isRefused, let nested = makeNested(index) else { return }
    value.write(to: nested)
    noteViolation(in: index, element: nil)
  }

  // MARK: Repeated fields

  /// A repeated `string` field.
  package func set(_ index: Int, _ values: [String]) {
    let target = unsafe makeElements(
      index, .text, as: UnsafeMutablePointer<CChar>?.self, count: values.count)
    guard let target = unsafe target else { return }
    for (position, value) in values.enumerated() {
      guard let text = unsafe copy(value, index, position) else { return }
      unsafe target[position] = text
    }
    commit(index, values.count)
  }

  /// A repeated `bytes` field.
  package func set(_ index: Int, _ values: [[UInt8]]) {
    let target = unsafe makeElements(
      index, .data, as: ProtobufCBinaryData.self, count: values.count)
    guard let target = unsafe target else { return }
    for (position, value) in values.enumerated() {
      guard let data = unsafe copy(value) else { return }
      unsafe target[position] = data
    }
    commit(index, values.count)
  }

  /// A repeated `bool` field.
  package func set(_ index: Int, _ values: [Bool]) {
    setScalars(index, .truth, values.map { $0 ? 1 : 0 } as [protobuf_c_boolean])
  }

  /// A repeated `int32`, `sint32` or `sfixed32` field.
  package func set(_ index: Int, _ values: [Int32]) { setScalars(index, .signed32, values) }

  /// A repeated `uint32` or `fixed32` field.
  package func set(_ index: Int, _ values: [UInt32]) { setScalars(index, .unsigned32, values) }

  /// A repeated `int64`, `sint64` or `sfixed64` field.
  package func set(_ index: Int, _ values: [Int64]) { setScalars(index, .signed64, values) }

  /// A repeated `uint64` or `fixed64` field.
  package func set(_ index: Int, _ values: [UInt64]) { setScalars(index, .unsigned64, values) }

  /// A repeated `float` field.
  package func set(_ index: Int, _ values: [Float]) { setScalars(index, .single, values) }

  /// A repeated `double` field.
  package func set(_ index: Int, _ values: [Double]) { setScalars(index, .double, values) }

  /// A repeated enum field.
  @inlinable
  package func set<E: ProtoEnum>(_ index: Int, _ values: [E]) {
    guard !values.isEmpty else { return }
    setEnumNumbers(index, values.map(\.rawValue))
  }

  /// A repeated message field.
  @inlinable
  package func set<M: Message>(_ index: Int, _ values: [M]) {
    guard !values.isEmpty, !isRefused, makeMessages(index, count: values.count) else { return }
    for position in values.indices where !isRefused {
      values[position].write(to: nested(index, element: position))
      noteViolation(in: index, element: position)
    }
  }

  // MARK: Behind the methods

  @usableFromInline
  func setEnumNumber(_ index: Int, _ value: Int32) {
    unsafe member(index, .enumeration, as: Int32.self).pointee = value
  }

  @usableFromInline
  func setEnumNumbers(_ index: Int, _ values: [Int32]) { setScalars(index, .enumeration, values) }

  private func setScalars<T: BitwiseCopyable>(
    _ index: Int, _ storage: FieldStorage, _ values: [T]
  ) {
    let target = unsafe makeElements(index, storage, as: T.self, count: values.count)
    guard let target = unsafe target else { return }
    for position in values.indices { unsafe target[position] = values[position] }
    commit(index, values.count)
  }

  /// An absent message field, made and ready to be written; nil when there is no memory.
  @usableFromInline
  func makeNested(_ index: Int) -> MessageWriter? {
    let member = unsafe member(index, .message, as: UnsafeMutablePointer<ProtobufCMessage>?.self)
    let descriptor = unsafe field(index).pointee.message
    guard let nested = unsafe arena.pointee.makeMessage(descriptor) else { return nil }
    unsafe member.pointee = nested
    return unsafe MessageWriter(nested, arena)
  }

  /// Makes the elements of a repeated message field; false when there is no memory.
  @usableFromInline
  func makeMessages(_ index: Int, count: Int) -> Bool {
    let target = unsafe makeElements(
      index, .message, as: UnsafeMutablePointer<ProtobufCMessage>.self, count: count)
    guard let target = unsafe target else { return false }
    let descriptor = unsafe field(index).pointee.message
    for position in 0..<count {
      guard let nested = unsafe arena.pointee.makeMessage(descriptor) else { return false }
      unsafe target[position] = nested
    }
    commit(index, count)
    return true
  }

  /// An element that ``makeMessages(_:count:)`` made.
  @usableFromInline
  func nested(_ index: Int, element: Int) -> MessageWriter {
    let field = unsafe field(index)
    precondition(
      unsafe field.pointee.isRepeated && field.pointee.type == PROTOBUF_C_TYPE_MESSAGE,
      "field \(index) is not a repeated message field")
    let memory = unsafe UnsafeMutableRawPointer(message)
    let count = unsafe memory.load(
      fromByteOffset: Int(field.pointee.quantifier_offset), as: Int.self)
    let array = unsafe memory.load(
      fromByteOffset: Int(field.pointee.offset),
      as: UnsafeMutablePointer<UnsafeMutablePointer<ProtobufCMessage>>?.self)
    guard let array = unsafe array, element >= 0, element < count else {
      preconditionFailure("field \(index) has no element \(element)")
    }
    return unsafe MessageWriter(array[element], arena)
  }

  /// Completes the path of a violation that was noted inside a nested message.
  @inline(__always)
  @usableFromInline
  func noteViolation(in index: Int, element: Int?) {
    if isRefused { extendViolation(index, element) }
  }

  /// Whether something could not be encoded, so that the rest need not be.
  @usableFromInline
  var isRefused: Bool { unsafe arena.pointee.violation != nil }

  private func extendViolation(_ index: Int, _ element: Int?) {
    let name = unsafe FieldDescriptor(field(index)).name
    let path = name + (element.map { "[\($0)]" } ?? "")
    unsafe arena.pointee.violation = unsafe arena.pointee.violation?.within(path)
  }

  private func refuse(_ index: Int, _ element: Int?, _ description: String) {
    guard unsafe arena.pointee.violation == nil else { return }
    unsafe arena.pointee.violation = FieldViolation(field: "", description: description)
    extendViolation(index, element)
  }

  private func field(_ index: Int) -> UnsafePointer<ProtobufCFieldDescriptor> {
    guard let descriptor = unsafe message.pointee.descriptor, index >= 0,
      unsafe index < Int(descriptor.pointee.n_fields)
    else { preconditionFailure("the message has no field \(index)") }
    return unsafe descriptor.pointee.fields + index
  }

  /// The member of a field that is not repeated; chooses it when it is in a oneof.
  @inline(__always)
  private func member<T>(
    _ index: Int, _ storage: FieldStorage, as: T.Type
  ) -> UnsafeMutablePointer<T> {
    let field = unsafe field(index)
    let type = unsafe field.pointee.type
    precondition(
      unsafe storage.holds(type) && !field.pointee.isRepeated,
      "field \(index) is not a singular field of type \(storage)")
    let memory = unsafe UnsafeMutableRawPointer(message)
    if unsafe field.pointee.isOneofMember {
      unsafe memory.storeBytes(
        of: field.pointee.id, toByteOffset: Int(field.pointee.quantifier_offset), as: UInt32.self)
    }
    return unsafe (memory + Int(field.pointee.offset)).assumingMemoryBound(to: T.self)
  }

  /// Room for the elements of a repeated field; nil when there are none or no memory. They belong
  /// to the message from ``commit(_:_:)`` on.
  private func makeElements<T>(
    _ index: Int, _ storage: FieldStorage, as: T.Type, count: Int
  ) -> UnsafeMutablePointer<T>? {
    let field = unsafe field(index)
    let type = unsafe field.pointee.type
    precondition(
      unsafe storage.holds(type) && field.pointee.isRepeated,
      "field \(index) is not a repeated field of type \(storage)")
    guard count > 0 else { return nil }
    let (size, overflows) = count.multipliedReportingOverflow(by: MemoryLayout<T>.stride)
    guard !overflows, let array = unsafe arena.pointee.allocate(size) else { return nil }
    unsafe UnsafeMutableRawPointer(message).storeBytes(
      of: array, toByteOffset: Int(field.pointee.offset), as: UnsafeMutableRawPointer?.self)
    return unsafe array.bindMemory(to: T.self, capacity: count)
  }

  private func commit(_ index: Int, _ count: Int) {
    let offset = unsafe Int(field(index).pointee.quantifier_offset)
    unsafe UnsafeMutableRawPointer(message).storeBytes(
      of: count, toByteOffset: offset, as: Int.self)
  }

  private func copy(
    _ value: String, _ index: Int, _ element: Int?
  ) -> UnsafeMutablePointer<CChar>? {
    var value = value
    return value.withUTF8 { text in
      guard let target = unsafe arena.pointee.allocate(text.count + 1) else { return nil }
      if let base = text.baseAddress {
        // protobuf-c would send the text up to its first NUL and drop the rest.
        if unsafe memchr(base, 0, text.count) != nil {
          refuse(index, element, WireFault.text(.holdsNUL).description)
          return nil
        }
        unsafe target.copyMemory(from: base, byteCount: text.count)
      }
      unsafe target.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
      return unsafe target.bindMemory(to: CChar.self, capacity: text.count + 1)
    }
  }

  private func copy(_ value: [UInt8]) -> ProtobufCBinaryData? {
    guard !value.isEmpty else { return unsafe ProtobufCBinaryData() }
    guard let target = unsafe arena.pointee.allocate(value.count) else { return nil }
    unsafe value.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress {
        unsafe target.copyMemory(from: base, byteCount: bytes.count)
      }
    }
    return unsafe ProtobufCBinaryData(
      len: value.count, data: target.bindMemory(to: UInt8.self, capacity: value.count))
  }
}
