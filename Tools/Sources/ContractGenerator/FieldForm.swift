internal import SwiftProtobuf
internal import SwiftProtobufPluginLibrary

/// A field as Swift sees it: its type, its default, and how it comes from and goes to a C struct.
struct FieldForm {
  let field: FieldDescriptor
  let names: TypeNames

  var name: String { SwiftNames.lowerCamel(field.name) }

  /// Rank by number, which is the place in protobuf-c's table of fields.
  var index: Int {
    field.containingType.fields.count { $0.number < field.number }
  }

  /// Type of one value, as in `String`.
  var element: String {
    switch field.type {
    case .double: "Double"
    case .float: "Float"
    case .int64, .sint64, .sfixed64: "Int64"
    case .uint64, .fixed64: "UInt64"
    case .int32, .sint32, .sfixed32: "Int32"
    case .uint32, .fixed32: "UInt32"
    case .bool: "Bool"
    case .string: "String"
    case .bytes: "[UInt8]"
    case .enum: names.name(of: field.enumType)
    case .message, .group: names.name(of: field.messageType)
    }
  }

  /// Type of the property, as in `[String]` or `ProtoTimestamp?`.
  var type: String {
    if field.isRepeated { return "[\(element)]" }
    return field.type == .message ? element + "?" : element
  }

  /// What the property is when the field is absent.
  var defaultValue: String {
    if field.isRepeated { return "[]" }
    switch field.type {
    case .bool: return "false"
    case .string: return "\"\""
    case .bytes: return "[]"
    case .enum:
      let zero = field.enumType.values[0]
      return "." + SwiftNames.enumCase(zero.name, of: field.enumType.name)
    case .message, .group: return "nil"
    default: return "0"
    }
  }

  /// Expression that reads the field.
  var read: String {
    switch field.type {
    case .enum: "reader.\(accessor)(\(index), as: \(element).self)"
    case .message: "try reader.\(accessor)(\(index), as: \(element).self)"
    default: "reader.\(accessor)(\(index))"
    }
  }

  /// Whether reading the field can fail: a message inside may be of a type written by hand.
  var readThrows: Bool { field.type == .message }

  /// Statement that writes `value` to the field.
  func write(_ value: String) -> String { "writer.set(\(index), \(value))" }

  /// Name of the reader's method: one per C representation.
  private var accessor: String {
    let single =
      switch field.type {
      case .double: "double"
      case .float: "float"
      case .int64, .sint64, .sfixed64: "int64"
      case .uint64, .fixed64: "uint64"
      case .int32, .sint32, .sfixed32: "int32"
      case .uint32, .fixed32: "uint32"
      case .bool: "bool"
      case .string: "string"
      case .bytes: "bytes"
      case .enum: "enumeration"
      case .message, .group: "message"
      }
    guard field.isRepeated else { return single }
    return field.type == .bytes ? "bytesList" : single + "s"
  }
}
