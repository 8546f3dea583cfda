/// The messages that JSON writes in a way of their own.
enum WellKnownType {
  case timestamp, duration, fieldMask, any

  /// Nil for a message that is an ordinary object.
  init?(_ descriptor: MessageDescriptor) {
    switch descriptor {
    case .google_protobuf_Timestamp: self = .timestamp
    case .google_protobuf_Duration: self = .duration
    case .google_protobuf_FieldMask: self = .fieldMask
    case .google_protobuf_Any: self = .any
    default: return nil
    }
  }
}
