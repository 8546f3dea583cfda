internal import CIntegrationProto
internal import CProtobufC

extension JSONReader {
  mutating func readTimestamp(
    into message: UnsafeMutablePointer<ProtobufCMessage>
  ) throws(MessageError) {
    let text = try unsafe UnsafeBufferPointer(string())
    guard let moment = unsafe CivilTime.parse(text) else {
      throw MessageError(
        "must be a time of RFC 3339 as in 2026-01-31T08:00:00.5Z, in the years 1 to 9999")
    }
    let target = unsafe UnsafeMutableRawPointer(message).assumingMemoryBound(
      to: Google__Protobuf__Timestamp.self)
    unsafe target.pointee.seconds = moment.seconds
    unsafe target.pointee.nanos = moment.nanos
  }

  mutating func readDuration(
    into message: UnsafeMutablePointer<ProtobufCMessage>
  ) throws(MessageError) {
    let text = try unsafe UnsafeBufferPointer(string())
    guard let span = unsafe SpanOfTime.parse(text) else {
      throw MessageError(
        "must be decimal seconds with an s as in 1.5s, at most \(SpanOfTime.maxSeconds)s")
    }
    let target = unsafe UnsafeMutableRawPointer(message).assumingMemoryBound(
      to: Google__Protobuf__Duration.self)
    unsafe target.pointee.seconds = span.seconds
    unsafe target.pointee.nanos = span.nanos
  }

  mutating func readFieldMask(
    into message: UnsafeMutablePointer<ProtobufCMessage>
  ) throws(MessageError) {
    let text = try unsafe UnsafeBufferPointer(string())
    guard text.count > 0 else { return }
    let target = unsafe UnsafeMutableRawPointer(message).assumingMemoryBound(
      to: Google__Protobuf__FieldMask.self)
    let commas = unsafe text.reduce(0) { $0 + ($1 == UInt8(ascii: ",") ? 1 : 0) }
    let paths = try unsafe allocate(
      (commas + 1) * MemoryLayout<UnsafeMutablePointer<CChar>?>.stride
    ).bindMemory(to: UnsafeMutablePointer<CChar>?.self, capacity: commas + 1)
    var start = 0
    for index in 0...commas {
      let end = unsafe text[start...].firstIndex(of: UInt8(ascii: ",")) ?? text.count
      let path = unsafe UnsafeBufferPointer(rebasing: text[start..<end])
      guard let name = unsafe FieldPaths.snakeCase(path.span) else {
        throw MessageError("must be lowerCamelCase field paths joined with commas")
      }
      unsafe paths[index] = try unsafe copy(name)
      start = end + 1
    }
    unsafe target.pointee.n_paths = commas + 1
    unsafe target.pointee.paths = unsafe paths
  }

  private mutating func copy(_ text: [UInt8]) throws(MessageError) -> UnsafeMutablePointer<CChar> {
    let target = try unsafe allocate(text.count + 1).bindMemory(
      to: CChar.self, capacity: text.count + 1)
    for index in text.indices { unsafe target[index] = CChar(bitPattern: text[index]) }
    unsafe target[text.count] = 0
    return unsafe target
  }

  /// Reads an object whose member `@type` names the message that the others belong to. A message
  /// with a JSON form of its own stands in the member `value`.
  mutating func readAny(
    into message: UnsafeMutablePointer<ProtobufCMessage>, depth: Int
  ) throws(MessageError) {
    let start = scanner.position
    guard let typeURL = try unsafe findType() else { return }
    let url = unsafe String(decoding: typeURL, as: UTF8.self)
    guard let descriptor = DescriptorRegistry.message(typeURL: url) else {
      throw MessageError("names no known message").within("@type")
    }
    scanner.rewind(to: start)
    guard let inner = unsafe arena.pointee.makeMessage(descriptor) else { throw .outOfMemory }
    if WellKnownType(descriptor) != nil {
      try unsafe readWrapped(into: inner, descriptor, depth: depth + 1)
    } else {
      try unsafe readObject(into: inner, descriptor, depth: depth + 1, isAny: true)
    }
    let size = unsafe protobuf_c_message_get_packed_size(inner)
    let bytes = try unsafe allocate(size).bindMemory(to: UInt8.self, capacity: size)
    unsafe protobuf_c_message_pack(inner, bytes)
    let target = unsafe UnsafeMutableRawPointer(message).assumingMemoryBound(
      to: Google__Protobuf__Any.self)
    unsafe target.pointee.type_url = unsafe UnsafeMutableRawPointer(typeURL.baseAddress)?
      .assumingMemoryBound(to: CChar.self)
    unsafe target.pointee.value = unsafe ProtobufCBinaryData(
      len: size, data: size > 0 ? bytes : nil)
  }

  /// Looks through the members for `@type`; nil when the object is empty.
  private mutating func findType() throws(MessageError) -> UnsafeMutableBufferPointer<UInt8>? {
    guard scanner.peek() == UInt8(ascii: "{") else { throw MessageError("must be a JSON object") }
    var found: UnsafeMutableBufferPointer<UInt8>?
    try scanner.enter("{")
    var isFirst = true
    while try scanner.next(until: "}", isFirst: isFirst) {
      isFirst = false
      let key = try unsafe key()
      try scanner.expect(":")
      if unsafe CText.equals(Self.typeKey, key.span) {
        guard unsafe found == nil else {
          throw MessageError(WireFault.occursTwice.description).within("@type")
        }
        unsafe found = try unsafe string()
      } else {
        try scanner.skipValue()
      }
    }
    if let found = unsafe found { return unsafe found }
    guard isFirst else { throw MessageError("is missing").within("@type") }
    return nil
  }

  private mutating func readWrapped(
    into message: UnsafeMutablePointer<ProtobufCMessage>, _ descriptor: MessageDescriptor,
    depth: Int
  ) throws(MessageError) {
    try scanner.enter("{")
    var isFirst = true
    var hasValue = false
    while try scanner.next(until: "}", isFirst: isFirst) {
      isFirst = false
      let key = try unsafe key()
      try scanner.expect(":")
      if unsafe CText.equals(Self.typeKey, key.span) {
        _ = try scanner.string()
        continue
      }
      let name = unsafe String(decoding: key, as: UTF8.self)
      guard name == "value", !hasValue else {
        throw MessageError(
          name == "value"
            ? WireFault.occursTwice.description
            : "is not a member of an Any that holds a \(descriptor.fullName)"
        ).within(FieldViolation.step(named: name))
      }
      hasValue = true
      do throws(MessageError) {
        try unsafe read(into: message, descriptor, depth: depth)
      } catch {
        throw error.within("value")
      }
    }
    guard hasValue else { throw MessageError("is missing").within("value") }
  }
}
