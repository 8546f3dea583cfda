/// An enumeration of a proto file. Numbers without a name are kept (proto3 enumerations are open).
public protocol ProtoEnum: Sendable, Hashable {
  /// The value of any number.
  init(rawValue: Int32)
  /// The number on the wire.
  var rawValue: Int32 { get }
  /// What protoc-c wrote down about the enumeration.
  static var descriptor: EnumDescriptor { get }
}
