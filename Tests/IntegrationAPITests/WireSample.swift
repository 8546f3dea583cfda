import ProtobufC

/// Random messages of any type, written byte by byte from the descriptor and the encoding's
/// specification (protobuf.dev, "Encoding"), with nothing of the code under test.
///
/// The form is the one that serializers agree on: fields in the order of their numbers, nothing at
/// its default, numbers packed. So a message that is read and written again must be the same bytes.
struct WireSample {
  var random: SplitMix64

  init(seed: UInt64) { random = SplitMix64(seed: seed) }

  mutating func message(_ type: MessageDescriptor, depth: Int = 0) -> [UInt8] {
    switch type.fullName {
    case "google.protobuf.Timestamp": timestamp()
    case "google.protobuf.Duration": duration()
    case "google.protobuf.FieldMask": fieldMask()
    case "google.protobuf.Any": any(depth: depth)
    default: fields(of: type, depth: depth)
    }
  }

  private mutating func fields(of type: MessageDescriptor, depth: Int) -> [UInt8] {
    let fields = type.fields
    var bytes: [UInt8] = []
    for field in fields {
      if field.isOneofMember, fields.first(where: { field.sharesOneof(with: $0) }) != field {
        continue
      }
      if field.isOneofMember {
        let members = fields.filter { field.sharesOneof(with: $0) }
        if let chosen = members.randomElement(using: &random), chance(3, of: 4) {
          bytes += single(chosen, chance(1, of: 4), depth: depth)
        }
      } else if field.isRepeated {
        bytes += repeated(field, count: Int.random(in: 0...3, using: &random), depth: depth)
      } else if chance(3, of: 4) {
        bytes += single(field, false, depth: depth)
      }
    }
    return bytes
  }

  // MARK: Fields

  /// A field with one value. A default is written only where presence matters, in a oneof.
  private mutating func single(
    _ field: FieldDescriptor, _ isDefault: Bool, depth: Int
  ) -> [UInt8] {
    if case .message = field.kind {
      guard depth < 4 else { return [] }
      return tag(field, 2) + delimited(element(field.kind, isDefault, depth: depth))
    }
    return tag(field, wireType(field.kind)) + value(field.kind, isDefault, depth: depth)
  }

  private mutating func repeated(
    _ field: FieldDescriptor, count: Int, depth: Int
  ) -> [UInt8] {
    guard count > 0 else { return [] }
    if case .message = field.kind, depth >= 4 { return [] }
    let wireType = wireType(field.kind)
    let values = (0..<count).map { _ in
      value(field.kind, chance(1, of: 4), depth: depth)
    }
    // The one fixture that says `packed = false`.
    if wireType == 2 || field.name == "unpacked" {
      return values.flatMap { tag(field, wireType) + $0 }
    }
    return tag(field, 2) + delimited(Array(values.joined()))
  }

  private func tag(_ field: FieldDescriptor, _ wireType: UInt64) -> [UInt8] {
    varint(UInt64(field.number) << 3 | wireType)
  }

  private func wireType(_ kind: FieldDescriptor.Kind) -> UInt64 {
    switch kind {
    case .fixed64, .sfixed64, .double: 1
    case .string, .bytes, .message: 2
    case .fixed32, .sfixed32, .float: 5
    default: 0
    }
  }

  // MARK: Values

  private mutating func value(
    _ kind: FieldDescriptor.Kind, _ isDefault: Bool, depth: Int
  ) -> [UInt8] {
    let bytes = element(kind, isDefault, depth: depth)
    return wireType(kind) == 2 ? delimited(bytes) : bytes
  }

  private mutating func element(
    _ kind: FieldDescriptor.Kind, _ isDefault: Bool, depth: Int
  ) -> [UInt8] {
    switch kind {
    case .bool: varint(isDefault ? 0 : 1)
    case .int32: varint(UInt64(bitPattern: Int64(number(isDefault) as Int32)))
    case .int64: varint(UInt64(bitPattern: number(isDefault)))
    case .uint32: varint(UInt64(number(isDefault) as UInt32))
    case .uint64: varint(number(isDefault))
    case .sint32: varint(zigZag(Int64(number(isDefault) as Int32)))
    case .sint64: varint(zigZag(number(isDefault)))
    case .fixed32: fixed(number(isDefault) as UInt32)
    case .sfixed32: fixed(number(isDefault) as Int32)
    case .fixed64: fixed(number(isDefault) as UInt64)
    case .sfixed64: fixed(number(isDefault) as Int64)
    case .float: fixed(float(isDefault).bitPattern)
    case .double: fixed(double(isDefault).bitPattern)
    case .string: Array(text(isDefault).utf8)
    case .bytes: isDefault ? [] : blob()
    case .enumeration(let type): varint(UInt64(bitPattern: Int64(enumNumber(type, isDefault))))
    case .message(let type): message(type, depth: depth + 1)
    }
  }

  private mutating func number<N: FixedWidthInteger>(_ isDefault: Bool) -> N {
    guard !isDefault else { return 0 }
    if chance(1, of: 4),
      let extreme = [N.max, N.min, 1, 127, 0 &- 1].randomElement(using: &random),
      extreme != 0
    {
      return extreme
    }
    return N.random(in: 1...N.max, using: &random)
  }

  private mutating func float(_ isDefault: Bool) -> Float {
    guard !isDefault else { return 0 }
    return chance(1, of: 4)
      ? [.infinity, -.infinity, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, 0.1]
        .randomElement(using: &random) ?? 1 : Float.random(in: 1...1e9, using: &random)
  }

  private mutating func double(_ isDefault: Bool) -> Double {
    guard !isDefault else { return 0 }
    return chance(1, of: 4)
      ? [.infinity, -.infinity, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, 0.1]
        .randomElement(using: &random) ?? 1 : Double.random(in: 1...1e18, using: &random)
  }

  private mutating func text(_ isDefault: Bool) -> String {
    guard !isDefault else { return "" }
    let letters: [Character] = [
      "a", "Z", "7", "_", " ", "\"", "\\", "/", "\n", "\u{1}", "\u{7F}", "é", "語", "😀", "\u{2028}",
    ]
    return String(
      (0..<Int.random(in: 1...20, using: &random)).map { _ in
        letters.randomElement(using: &random) ?? "a"
      })
  }

  private mutating func blob() -> [UInt8] {
    (0..<Int.random(in: 1...40, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
  }

  /// Now and then a number that the enum has no name for: proto3 keeps those.
  private mutating func enumNumber(_ type: EnumDescriptor, _ isDefault: Bool) -> Int32 {
    guard !isDefault else { return 0 }
    if chance(1, of: 8) { return 123_456 }
    return type.values.filter { $0.number != 0 }.randomElement(using: &random)?.number ?? 123_456
  }

  // MARK: Well-known types, within what their JSON forms allow

  private mutating func timestamp() -> [UInt8] {
    moment(
      seconds: Int64.random(in: -62_135_596_800...253_402_300_799, using: &random),
      nanos: chance(1, of: 2) ? 0 : Int32.random(in: 1...999_999_999, using: &random))
  }

  private mutating func duration() -> [UInt8] {
    let seconds = Int64.random(in: -315_575_999_999...315_575_999_999, using: &random)
    let nanos = chance(1, of: 2) ? 0 : Int32.random(in: 1...999_999_999, using: &random)
    return moment(seconds: seconds, nanos: seconds < 0 ? -nanos : nanos)
  }

  private func moment(seconds: Int64, nanos: Int32) -> [UInt8] {
    (seconds == 0 ? [] : varint(1 << 3) + varint(UInt64(bitPattern: seconds)))
      + (nanos == 0 ? [] : varint(2 << 3) + varint(UInt64(bitPattern: Int64(nanos))))
  }

  private mutating func fieldMask() -> [UInt8] {
    (0..<Int.random(in: 0...3, using: &random)).flatMap { _ in
      let path = ["key_name", "is_active", "key.allowed_ip_addresses", "a"]
        .randomElement(using: &random)
      return varint(1 << 3 | 2) + delimited(Array((path ?? "a").utf8))
    }
  }

  private mutating func any(depth: Int) -> [UInt8] {
    let types = DescriptorRegistry.messages.filter { $0.fullName != "google.protobuf.Any" }
    guard depth < 4, let type = types.randomElement(using: &random) else { return [] }
    let value = message(type, depth: depth + 1)
    return varint(1 << 3 | 2) + delimited(Array("type.googleapis.com/\(type.fullName)".utf8))
      + (value.isEmpty ? [] : varint(2 << 3 | 2) + delimited(value))
  }

  // MARK: Encoding

  private func delimited(_ bytes: [UInt8]) -> [UInt8] { varint(UInt64(bytes.count)) + bytes }

  private func zigZag(_ number: Int64) -> UInt64 {
    UInt64(bitPattern: (number << 1) ^ (number >> 63))
  }

  private func varint(_ number: UInt64) -> [UInt8] {
    var rest = number
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private func fixed<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
    (0..<N.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }

  private mutating func chance(_ hits: Int, of total: Int) -> Bool {
    Int.random(in: 0..<total, using: &random) < hits
  }
}
