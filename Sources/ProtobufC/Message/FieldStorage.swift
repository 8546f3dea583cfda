internal import CProtobufC

/// How a field lies in its C struct: the types that share a C type share a case.
enum FieldStorage {
  case signed32, unsigned32, signed64, unsigned64, single, double, truth
  case enumeration, text, data, message

  /// Whether fields of that type are stored this way.
  @inline(__always)
  func holds(_ type: ProtobufCType) -> Bool {
    switch self {
    case .signed32:
      type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_SINT32
        || type == PROTOBUF_C_TYPE_SFIXED32
    case .unsigned32: type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_FIXED32
    case .signed64:
      type == PROTOBUF_C_TYPE_INT64 || type == PROTOBUF_C_TYPE_SINT64
        || type == PROTOBUF_C_TYPE_SFIXED64
    case .unsigned64: type == PROTOBUF_C_TYPE_UINT64 || type == PROTOBUF_C_TYPE_FIXED64
    case .single: type == PROTOBUF_C_TYPE_FLOAT
    case .double: type == PROTOBUF_C_TYPE_DOUBLE
    case .truth: type == PROTOBUF_C_TYPE_BOOL
    case .enumeration: type == PROTOBUF_C_TYPE_ENUM
    case .text: type == PROTOBUF_C_TYPE_STRING
    case .data: type == PROTOBUF_C_TYPE_BYTES
    case .message: type == PROTOBUF_C_TYPE_MESSAGE
    }
  }
}
