internal import CProtobufC

/// What protoc-c wrote down about a message type: its name and its fields.
///
/// Two descriptors are equal when they are the same constant of the generated C code.
// SAFETY: the pointer is to a constant that lives as long as the process and is never written.
@safe
public struct MessageDescriptor: @unchecked Sendable, Hashable {
  let pointer: UnsafePointer<ProtobufCMessageDescriptor>

  init(_ pointer: UnsafePointer<ProtobufCMessageDescriptor>) {
    unsafe self.pointer = unsafe pointer
  }

  /// Wraps a `ProtobufCMessageDescriptor` that is never freed nor changed.
  @unsafe
  package init(constant address: UnsafeRawPointer) {
    unsafe self.init(address.assumingMemoryBound(to: ProtobufCMessageDescriptor.self))
  }

  /// The name with its package, as in `integration.v1.Tenant`.
  public var fullName: String { unsafe String(cString: pointer.pointee.name) }

  /// The name without package and enclosing messages, as in `Tenant`.
  public var shortName: String { unsafe String(cString: pointer.pointee.short_name) }

  /// The fields in the order of their numbers: the index that ``MessageReader`` and
  /// ``MessageWriter`` take.
  public var fields: [FieldDescriptor] {
    (0..<fieldCount).map { unsafe FieldDescriptor(fieldPointer($0)) }
  }

  /// The field of that snake_case or lowerCamelCase name.
  public func field(named name: String) -> FieldDescriptor? {
    let bytes = Array(name.utf8)
    return fieldIndex(named: bytes.span).map { unsafe FieldDescriptor(fieldPointer($0)) }
  }

  var fieldCount: Int { unsafe Int(pointer.pointee.n_fields) }

  /// - Precondition: `index` is below ``fieldCount``.
  func fieldPointer(_ index: Int) -> UnsafePointer<ProtobufCFieldDescriptor> {
    unsafe pointer.pointee.fields + index
  }

  func fieldIndex(named name: Span<UInt8>) -> Int? {
    for index in 0..<fieldCount
    where unsafe FieldName.matches(fieldPointer(index).pointee.name, name) {
      return index
    }
    return nil
  }

  /// The rank of the field with that number, or a negative number.
  func fieldIndex(number: UInt32) -> Int {
    var low = 0
    var high = fieldCount
    while low < high {
      let middle = (low + high) / 2
      let candidate = unsafe fieldPointer(middle).pointee.id
      if candidate == number { return middle }
      if candidate < number { low = middle + 1 } else { high = middle }
    }
    return -1
  }

  public static func == (left: Self, right: Self) -> Bool {
    unsafe left.pointer == right.pointer
  }

  public func hash(into hasher: inout Hasher) {
    unsafe hasher.combine(pointer)
  }
}
