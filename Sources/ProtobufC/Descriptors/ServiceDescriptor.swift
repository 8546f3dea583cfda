internal import CProtobufC

/// What protoc-c wrote down about a service.
///
/// Whether a method streams is not among it: protobuf-c keeps only the messages.
// SAFETY: the pointer is to a constant that lives as long as the process and is never written.
@safe
public struct ServiceDescriptor: @unchecked Sendable, Hashable {
  /// A method with the messages it takes and gives.
  public struct Method: Sendable, Hashable {
    /// As in `CreateTenant`.
    public let name: String
    /// What a caller sends.
    public let input: MessageDescriptor
    /// What the service answers.
    public let output: MessageDescriptor
  }

  let pointer: UnsafePointer<ProtobufCServiceDescriptor>

  init(_ pointer: UnsafePointer<ProtobufCServiceDescriptor>) {
    unsafe self.pointer = unsafe pointer
  }

  /// Wraps a `ProtobufCServiceDescriptor` that is never freed nor changed.
  @unsafe
  package init(constant address: UnsafeRawPointer) {
    unsafe self.init(address.assumingMemoryBound(to: ProtobufCServiceDescriptor.self))
  }

  /// The name with its package, as in `integration.v1.TenantService`.
  public var fullName: String { unsafe String(cString: pointer.pointee.name) }

  /// The name without its package, as in `TenantService`.
  public var shortName: String { unsafe String(cString: pointer.pointee.short_name) }

  /// The methods in the order of the proto file.
  public var methods: [Method] {
    (0..<Int(unsafe pointer.pointee.n_methods)).map { index in
      let method = unsafe pointer.pointee.methods[index]
      return unsafe Method(
        name: String(cString: method.name), input: MessageDescriptor(method.input),
        output: MessageDescriptor(method.output))
    }
  }

  public static func == (left: Self, right: Self) -> Bool {
    unsafe left.pointer == right.pointer
  }

  public func hash(into hasher: inout Hasher) {
    unsafe hasher.combine(pointer)
  }
}
