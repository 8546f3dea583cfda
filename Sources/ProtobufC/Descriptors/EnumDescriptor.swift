internal import CProtobufC

/// What protoc-c wrote down about an enumeration.
// SAFETY: the pointer is to a constant that lives as long as the process and is never written.
@safe
public struct EnumDescriptor: @unchecked Sendable, Hashable {
  /// A value with its name.
  public struct Value: Sendable, Hashable {
    /// As in the proto file, `TENANT_STATE_ACTIVE`.
    public let name: String
    /// The number on the wire.
    public let number: Int32
  }

  let pointer: UnsafePointer<ProtobufCEnumDescriptor>

  init(_ pointer: UnsafePointer<ProtobufCEnumDescriptor>) {
    unsafe self.pointer = unsafe pointer
  }

  /// Wraps a `ProtobufCEnumDescriptor` that is never freed nor changed.
  @unsafe
  package init(constant address: UnsafeRawPointer) {
    unsafe self.init(address.assumingMemoryBound(to: ProtobufCEnumDescriptor.self))
  }

  /// The name with its package, as in `integration.v1.TenantState`.
  public var fullName: String { unsafe String(cString: pointer.pointee.name) }

  /// The name without package and enclosing messages, as in `TenantState`.
  public var shortName: String { unsafe String(cString: pointer.pointee.short_name) }

  /// The values in the order of their numbers.
  public var values: [Value] {
    (0..<Int(unsafe pointer.pointee.n_values)).map { index in
      let value = unsafe pointer.pointee.values[index]
      return unsafe Value(name: String(cString: value.name), number: value.value)
    }
  }

  /// The name of a number, nil when the enumeration has none.
  public func name(of number: Int32) -> String? {
    let index = index(of: number)
    return index < 0 ? nil : unsafe String(cString: pointer.pointee.values[index].name)
  }

  /// The number of a name, nil when the enumeration has none.
  public func number(of name: String) -> Int32? {
    let bytes = Array(name.utf8)
    return number(of: bytes.span)
  }

  func number(of name: Span<UInt8>) -> Int32? {
    for entry in 0..<Int(unsafe pointer.pointee.n_value_names) {
      let candidate = unsafe pointer.pointee.values_by_name[entry]
      if unsafe CText.equals(candidate.name, name) {
        return unsafe pointer.pointee.values[Int(candidate.index)].value
      }
    }
    return nil
  }

  func contains(_ number: Int32) -> Bool { index(of: number) >= 0 }

  private func index(of number: Int32) -> Int {
    var low = 0
    var high = Int(unsafe pointer.pointee.n_values)
    while low < high {
      let middle = (low + high) / 2
      let candidate = unsafe pointer.pointee.values[middle].value
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
