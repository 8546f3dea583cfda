internal import CProtobufC

/// What protoc-c wrote down about one field of a message.
// SAFETY: the pointer is to a constant that lives as long as the process and is never written.
@safe
public struct FieldDescriptor: @unchecked Sendable, Hashable {
  /// The type a field has in its proto file.
  public enum Kind: Sendable, Hashable {
    case int32, sint32, sfixed32, int64, sint64, sfixed64
    case uint32, fixed32, uint64, fixed64
    case float, double, bool, string, bytes
    case enumeration(EnumDescriptor)
    case message(MessageDescriptor)
  }

  let pointer: UnsafePointer<ProtobufCFieldDescriptor>

  init(_ pointer: UnsafePointer<ProtobufCFieldDescriptor>) {
    unsafe self.pointer = unsafe pointer
  }

  /// The name in the proto file, snake_case.
  public var name: String { unsafe String(cString: pointer.pointee.name) }

  /// The name in JSON, lowerCamelCase.
  public var jsonName: String {
    String(decoding: FieldName.camelCase(name.utf8), as: UTF8.self)
  }

  /// The number on the wire, 1 to 536,870,911.
  public var number: Int { unsafe Int(pointer.pointee.id) }

  /// Whether the field holds any number of values.
  public var isRepeated: Bool { unsafe pointer.pointee.isRepeated }

  /// Whether at most one of this field and its siblings is set.
  public var isOneofMember: Bool { unsafe pointer.pointee.isOneofMember }

  /// Whether the field is a member of the same oneof as the other.
  public func sharesOneof(with other: FieldDescriptor) -> Bool {
    unsafe isOneofMember && other.isOneofMember
      && pointer.pointee.quantifier_offset == other.pointer.pointee.quantifier_offset
  }

  /// The type of the field, or of its elements.
  public var kind: Kind {
    let field = unsafe pointer.pointee
    return switch unsafe field.type {
    case PROTOBUF_C_TYPE_INT32: .int32
    case PROTOBUF_C_TYPE_SINT32: .sint32
    case PROTOBUF_C_TYPE_SFIXED32: .sfixed32
    case PROTOBUF_C_TYPE_INT64: .int64
    case PROTOBUF_C_TYPE_SINT64: .sint64
    case PROTOBUF_C_TYPE_SFIXED64: .sfixed64
    case PROTOBUF_C_TYPE_UINT32: .uint32
    case PROTOBUF_C_TYPE_FIXED32: .fixed32
    case PROTOBUF_C_TYPE_UINT64: .uint64
    case PROTOBUF_C_TYPE_FIXED64: .fixed64
    case PROTOBUF_C_TYPE_FLOAT: .float
    case PROTOBUF_C_TYPE_DOUBLE: .double
    case PROTOBUF_C_TYPE_BOOL: .bool
    case PROTOBUF_C_TYPE_ENUM: .enumeration(unsafe field.enumeration)
    case PROTOBUF_C_TYPE_STRING: .string
    case PROTOBUF_C_TYPE_BYTES: .bytes
    case PROTOBUF_C_TYPE_MESSAGE: .message(unsafe field.message)
    default: preconditionFailure("protobuf-c has no field type \(unsafe field.type.rawValue)")
    }
  }

  public static func == (left: Self, right: Self) -> Bool {
    unsafe left.pointer == right.pointer
  }

  public func hash(into hasher: inout Hasher) {
    unsafe hasher.combine(pointer)
  }
}

extension ProtobufCFieldDescriptor {
  var isRepeated: Bool { unsafe label == PROTOBUF_C_LABEL_REPEATED }

  var isOneofMember: Bool {
    unsafe flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0
  }

  /// The type of the field's message.
  /// - Precondition: the field is of type MESSAGE.
  var message: MessageDescriptor {
    guard let descriptor = unsafe descriptor else {
      preconditionFailure("protoc-c gives every message field its descriptor")
    }
    return unsafe MessageDescriptor(constant: descriptor)
  }

  /// The type of the field's enumeration.
  /// - Precondition: the field is of type ENUM.
  var enumeration: EnumDescriptor {
    guard let descriptor = unsafe descriptor else {
      preconditionFailure("protoc-c gives every enum field its descriptor")
    }
    return unsafe EnumDescriptor(
      descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self))
  }

  /// Bytes of one element in the field's C array, or of its member when it is not repeated.
  var elementSize: Int {
    switch unsafe type {
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64,
      PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE:
      8
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_MESSAGE: unsafe MemoryLayout<UnsafeRawPointer>.size
    case PROTOBUF_C_TYPE_BYTES: unsafe MemoryLayout<ProtobufCBinaryData>.size
    default: 4
    }
  }
}
