import CProtobufC
import ProtobufC

/// Message types made at run time the way protoc-c 1.4.1 makes them, with what `proto/` does not use:
/// every scalar type, oneofs, sparse numbers, and a message that holds itself.
enum TestSchema {
  /// `test.Colour`: numbers that are negative and far apart.
  static let colour = Constant(
    makeEnum(
      "test.Colour",
      [("COLOUR_DEEP", -3), ("COLOUR_UNSPECIFIED", 0), ("COLOUR_RED", 1), ("COLOUR_BLUE", 700)]))

  /// `test.Leaf`.
  static let leaf: Constant<ProtobufCMessageDescriptor> = makeMessage(
    "test.Leaf", fields: leafFields
  ) { initialise($0, leaf) }

  private static func leafFields(_: UnsafePointer<ProtobufCMessageDescriptor>) -> [Field] {
    [
      Field("text", 1, .string),
      Field("count", 2, .int32),
    ]
  }

  /// `test.Sink`.
  static let sink: Constant<ProtobufCMessageDescriptor> = makeMessage(
    "test.Sink", fields: sinkFields
  ) { initialise($0, sink) }

  private static func sinkFields(_ own: UnsafePointer<ProtobufCMessageDescriptor>) -> [Field] {
    scalars.enumerated().map { Field("a_\($1.name)", UInt32($0 + 1), $1.type) }
      + [
        Field("shade", 16, .enumeration, descriptor: UnsafeRawPointer(colour.pointer)),
        Field("leaf", 17, .message, descriptor: UnsafeRawPointer(leaf.pointer)),
        Field("inner_sink", 18, .message, descriptor: UnsafeRawPointer(own)),
      ]
      + scalars.enumerated().map {
        Field("many_\($1.name)", UInt32($0 + 20), $1.type, form: .repeated)
      }
      + [
        Field(
          "shades", 36, .enumeration, form: .repeated,
          descriptor: UnsafeRawPointer(colour.pointer)),
        Field(
          "leaves", 37, .message, form: .repeated,
          descriptor: UnsafeRawPointer(leaf.pointer)),
        Field("choice_text", 100, .string, form: .oneof),
        Field("choice_number", 101, .int64, form: .oneof),
        Field(
          "choice_leaf", 102, .message, form: .oneof,
          descriptor: UnsafeRawPointer(leaf.pointer)),
        Field("choice_data", 103, .bytes, form: .oneof),
        Field("choice_flag", 536_870_911, .bool, form: .oneof),
      ]
  }

  /// Every type but enum and message, in the order of its number in `test.Sink`.
  static let scalars: [(name: String, type: FieldType)] = [
    ("int32", .int32), ("sint32", .sint32),
    ("sfixed32", .sfixed32), ("int64", .int64),
    ("sint64", .sint64), ("sfixed64", .sfixed64),
    ("uint32", .uint32), ("fixed32", .fixed32),
    ("uint64", .uint64), ("fixed64", .fixed64),
    ("float", .float), ("double", .double),
    ("bool", .bool), ("string", .string),
    ("bytes", .bytes),
  ]

  /// `ProtobufCType` of protobuf-c.h. Not its constants: they are also declared by
  /// CIntegrationProto, and outside ProtobufC Swift does not find either.
  enum FieldType: UInt32 {
    case int32, sint32, sfixed32, int64, sint64, sfixed64, uint32, fixed32, uint64, fixed64
    case float, double, bool, enumeration, string, bytes, message
  }

  private static let none = ProtobufCLabel(rawValue: 3)
  private static let packedFlag: UInt32 = 1 << 0
  private static let oneofFlag: UInt32 = 1 << 2

  // SAFETY: the pointer is to memory that is written once, before the constant exists, and is
  // never freed.
  struct Constant<T>: @unchecked Sendable {
    let pointer: UnsafePointer<T>
    init(_ pointer: UnsafePointer<T>) { self.pointer = pointer }
  }

  private enum Form { case singular, repeated, oneof }

  private struct Field {
    let name: String
    let number: UInt32
    let type: FieldType
    let form: Form
    let descriptor: UnsafeRawPointer?

    init(
      _ name: String, _ number: UInt32, _ type: FieldType, form: Form = .singular,
      descriptor: UnsafeRawPointer? = nil
    ) {
      self.name = name
      self.number = number
      self.type = type
      self.form = form
      self.descriptor = descriptor
    }

    var isPacked: Bool {
      form == .repeated && type != .string && type != .bytes
        && type != .message
    }
  }

  private static func makeMessage(
    _ name: String, fields: (UnsafePointer<ProtobufCMessageDescriptor>) -> [Field],
    _ initialise: @escaping ProtobufCMessageInit
  ) -> Constant<ProtobufCMessageDescriptor> {
    let descriptor = UnsafeMutablePointer<ProtobufCMessageDescriptor>.allocate(capacity: 1)
    let fields = fields(UnsafePointer(descriptor))
    // The union of the oneof first, then its case.
    let union = MemoryLayout<ProtobufCMessage>.size
    var end = union + 24
    let cFields = UnsafeMutablePointer<ProtobufCFieldDescriptor>.allocate(capacity: fields.count)
    for (index, field) in fields.enumerated() {
      var c = ProtobufCFieldDescriptor()
      c.name = constant(field.name)
      c.id = field.number
      c.label = field.form == .repeated ? ProtobufCLabel(rawValue: 2) : none
      c.type = ProtobufCType(rawValue: field.type.rawValue)
      c.descriptor = field.descriptor
      if field.type == .string { c.default_value = UnsafeRawPointer(empty.pointer) }
      if field.isPacked { c.flags |= packedFlag }
      switch field.form {
      case .oneof:
        c.flags |= oneofFlag
        c.offset = UInt32(union)
        c.quantifier_offset = UInt32(union + 16)
      case .repeated:
        c.quantifier_offset = UInt32(end)
        c.offset = UInt32(end + 8)
        end += 16
      case .singular:
        c.offset = UInt32(end)
        end += field.type == .bytes ? 16 : 8
      }
      (cFields + index).initialize(to: c)
    }
    // One range for each run of numbers, and one behind the last.
    var ranges: [ProtobufCIntRange] = []
    for (index, field) in fields.enumerated()
    where index == 0 || fields[index - 1].number + 1 != field.number {
      ranges.append(ProtobufCIntRange(start_value: Int32(field.number), orig_index: UInt32(index)))
    }
    let rangeCount = ranges.count
    ranges.append(ProtobufCIntRange(start_value: 0, orig_index: UInt32(fields.count)))
    let cRanges = UnsafeMutablePointer<ProtobufCIntRange>.allocate(capacity: ranges.count)
    cRanges.initialize(from: ranges, count: ranges.count)

    var c = ProtobufCMessageDescriptor()
    c.magic = 0x28aa_eef9
    c.name = constant(name)
    c.short_name = constant(String(name.split(separator: ".").last ?? ""))
    c.c_name = c.name
    c.package_name = constant("test")
    c.sizeof_message = end
    c.n_fields = UInt32(fields.count)
    c.fields = UnsafePointer(cFields)
    c.n_field_ranges = UInt32(rangeCount)
    c.field_ranges = UnsafePointer(cRanges)
    c.message_init = initialise
    descriptor.initialize(to: c)
    return Constant(descriptor)
  }

  /// What a generated `…__init` does: everything zero, strings empty.
  private static func initialise(
    _ message: UnsafeMutablePointer<ProtobufCMessage>?,
    _ descriptor: Constant<ProtobufCMessageDescriptor>
  ) {
    guard let message else { return }
    let memory = UnsafeMutableRawPointer(message)
    let c = descriptor.pointer.pointee
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: c.sizeof_message)
    message.pointee.descriptor = descriptor.pointer
    for index in 0..<Int(c.n_fields) {
      let field = c.fields[index]
      if field.type.rawValue == FieldType.string.rawValue, field.label == none,
        field.flags & oneofFlag == 0
      {
        memory.storeBytes(
          of: empty.pointer, toByteOffset: Int(field.offset), as: UnsafePointer<CChar>.self)
      }
    }
  }

  private static func makeEnum(
    _ name: String, _ values: [(name: String, number: Int32)]
  ) -> UnsafePointer<ProtobufCEnumDescriptor> {
    let cValues = UnsafeMutablePointer<ProtobufCEnumValue>.allocate(capacity: values.count)
    let byName = UnsafeMutablePointer<ProtobufCEnumValueIndex>.allocate(capacity: values.count)
    for (index, value) in values.enumerated() {
      (cValues + index).initialize(
        to: ProtobufCEnumValue(
          name: constant(value.name), c_name: constant(value.name), value: value.number))
    }
    let sorted = values.enumerated().sorted { $0.element.name < $1.element.name }
    for (index, value) in sorted.enumerated() {
      (byName + index).initialize(
        to: ProtobufCEnumValueIndex(
          name: constant(value.element.name), index: UInt32(value.offset)))
    }
    var c = ProtobufCEnumDescriptor()
    c.magic = 0x1143_15af
    c.name = constant(name)
    c.short_name = constant(String(name.split(separator: ".").last ?? ""))
    c.package_name = constant("test")
    c.n_values = UInt32(values.count)
    c.values = UnsafePointer(cValues)
    c.n_value_names = UInt32(values.count)
    c.values_by_name = UnsafePointer(byName)
    let descriptor = UnsafeMutablePointer<ProtobufCEnumDescriptor>.allocate(capacity: 1)
    descriptor.initialize(to: c)
    return UnsafePointer(descriptor)
  }

  private static let empty = Constant(constant(""))

  private static func constant(_ text: String) -> UnsafePointer<CChar> {
    let bytes = Array(text.utf8CString)
    let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    memory.initialize(from: bytes, count: bytes.count)
    return UnsafePointer(memory)
  }
}

extension MessageDescriptor {
  static var testLeaf: MessageDescriptor { MessageDescriptor(constant: TestSchema.leaf.pointer) }
  static var testSink: MessageDescriptor { MessageDescriptor(constant: TestSchema.sink.pointer) }
}
