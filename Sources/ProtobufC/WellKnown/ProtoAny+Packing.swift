extension ProtoAny {
  /// Wraps a message under `type.googleapis.com/` and its full name.
  /// - Throws: ``MessageError`` naming a string that holds a NUL, which the wire cannot carry.
  public init(packing message: some Message) throws(MessageError) {
    self.init(
      typeUrl: "type.googleapis.com/" + type(of: message).descriptor.fullName,
      value: try message.serialized())
  }

  /// Whether the message inside is of that type, by its name.
  public func holds<M: Message>(_ type: M.Type) -> Bool {
    guard let slash = typeUrl.lastIndex(of: "/") else { return false }
    return typeUrl[typeUrl.index(after: slash)...] == M.descriptor.fullName
  }

  /// The message inside; nil when it is of another type.
  /// - Throws: ``MessageError`` when the bytes are not such a message.
  public func unpacked<M: Message>(as type: M.Type = M.self) throws(MessageError) -> M? {
    holds(type) ? try M(serialized: value) : nil
  }
}
