/// Why the validator refused a message.
enum WireFault: Sendable, Hashable {
  case cutShort
  case badTag
  case overlongNumber
  case group
  case wrongWireType
  case occursTwice
  case oneofTwice
  case tooManyElements(limit: Int)
  case tooManyFields(limit: Int)
  case tooManyUnknownFields(limit: Int)
  case tooDeep(limit: Int)
  case unknownEnumValue
  case text(TextFault)
  case textTooLong(limit: Int)
  case tooMuchText(limit: Int)

  /// Completes a sentence that begins with the path of the field.
  var description: String {
    switch self {
    case .cutShort: "is cut short"
    case .badTag: "holds a field number outside 1 to 536870911"
    case .overlongNumber: "holds a number of more than 64 bits"
    case .group: "holds a group, which proto3 does not have"
    case .wrongWireType: "is encoded as another type than its own"
    case .occursTwice: "occurs twice"
    case .oneofTwice: "is set beside another member of its oneof, or twice"
    case .tooManyElements(let limit): "has more than \(limit) elements"
    case .tooManyFields(let limit): "is in a message of more than \(limit) fields"
    case .tooManyUnknownFields(let limit): "holds more than \(limit) unknown fields"
    case .tooDeep(let limit): "is nested deeper than \(limit) messages"
    case .unknownEnumValue: "is not a value of its enumeration"
    case .textTooLong(let limit): "is longer than \(limit) bytes"
    case .tooMuchText(let limit): "is in a message with more than \(limit) bytes of text"
    case .text(.holdsNUL): "must not hold a NUL character"
    case .text(.notUTF8): "is not valid UTF-8"
    }
  }
}
