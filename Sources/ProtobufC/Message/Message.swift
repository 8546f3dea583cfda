/// A message of a proto file as a Swift value. Conformances are generated.
public protocol Message: Sendable, Hashable {
  /// A message with every field at its default.
  init()
  /// What protoc-c wrote down about the message.
  static var descriptor: MessageDescriptor { get }
  /// Reads every field of a C message that passed the validator.
  /// - Throws: Never from generated code; a conformance by hand may refuse values.
  init(from reader: borrowing MessageReader) throws(MessageError)
  /// Writes every field that is not at its default into a C message.
  func write(to writer: borrowing MessageWriter)
}
