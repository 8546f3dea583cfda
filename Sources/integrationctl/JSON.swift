import ProtobufC

/// proto3 JSON, one line.
enum JSON {
  static func text(of message: some Message) throws -> String {
    String(decoding: try message.jsonUTF8(), as: UTF8.self)
  }
}
