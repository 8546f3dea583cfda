internal import CProtobufC

/// Decides in one pass whether bytes may be given to `protobuf_c_message_unpack`.
///
/// protobuf-c 1.4.1 recurses without limit, merges repeated submessages in quadratic time, cuts
/// strings at NUL, does not check UTF-8 and gives no reason for a refusal; so every message comes
/// through here first. Takes no memory from the heap unless it refuses. Stricter than the format
/// where protobuf-c is: groups and wrong wire types are refused rather than skipped.
@safe
struct WireValidator: ~Copyable {
  private let limits: DecodingLimits
  private var fieldsLeft: Int
  private var textLeft: Int
  private var fault: WireFault?
  /// The path to the fault, innermost first; collected while the refusal unwinds.
  private var path: [PathElement] = []

  private struct PathElement {
    let field: FieldDescriptor
    let index: Int?
  }

  private init(_ limits: DecodingLimits) {
    self.limits = limits
    fieldsLeft = limits.maxFields
    textLeft = limits.maxTextBytesInAll
  }

  /// Checks a whole message.
  /// - Parameter found: When given, room for one record for each field of `descriptor`, set to
  ///   zero: receives where the last occurrence of each field is.
  static func check(
    _ bytes: UnsafeBufferPointer<UInt8>, _ descriptor: MessageDescriptor, _ limits: DecodingLimits,
    found: UnsafeMutablePointer<FoundField>? = nil
  ) throws(MessageError) {
    guard bytes.count <= limits.maxBytes else {
      throw MessageError("has \(bytes.count) bytes, at most \(limits.maxBytes) are allowed")
    }
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    var validator = WireValidator(limits)
    let isGood = unsafe validator.checkMessage(
      base, base + bytes.count, descriptor, depth: 1, found: found)
    if !isGood { throw validator.error }
  }

  private var error: MessageError {
    var violation = FieldViolation(field: "", description: (fault ?? .cutShort).description)
    for element in path {
      let index = element.index.map { "[\($0)]" } ?? ""
      violation = violation.within(element.field.name + index)
    }
    return MessageError(violation)
  }

  private mutating func refuse(_ fault: WireFault) -> Bool {
    self.fault = fault
    return false
  }

  private mutating func refuse(
    _ fault: WireFault, _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ index: Int
  ) -> Bool {
    self.fault = fault
    return unsafe unwind(through: field, index)
  }

  private mutating func unwind(
    through field: UnsafePointer<ProtobufCFieldDescriptor>, _ index: Int
  ) -> Bool {
    let field = unsafe FieldDescriptor(field)
    path.append(PathElement(field: field, index: field.isRepeated ? index : nil))
    return false
  }

  private mutating func checkMessage(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ descriptor: MessageDescriptor,
    depth: Int, found: UnsafeMutablePointer<FoundField>?
  ) -> Bool {
    guard depth <= limits.maxDepth else { return refuse(.tooDeep(limit: limits.maxDepth)) }
    // On the stack up to 256 fields.
    return unsafe withUnsafeTemporaryAllocation(
      of: UInt32.self, capacity: max(descriptor.fieldCount, 1)
    ) { counts in
      unsafe counts.initialize(repeating: 0)
      guard let counts = counts.baseAddress else { return false }
      return unsafe checkFields(
        start, end, descriptor, depth: depth, counts: counts, found: found)
    }
  }

  private mutating func checkFields(
    _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ descriptor: MessageDescriptor,
    depth: Int, counts: UnsafeMutablePointer<UInt32>, found: UnsafeMutablePointer<FoundField>?
  ) -> Bool {
    var at = unsafe start
    var unknown = 0
    let fields = unsafe descriptor.pointer.pointee.fields
    let fieldCount = descriptor.fieldCount
    while unsafe at < end {
      guard case let tag = unsafe WireBytes.tag(&at, end), tag != 0 else {
        return unsafe refuse(at < end ? .badTag : .cutShort)
      }
      guard fieldsLeft > 0 else { return refuse(.tooManyFields(limit: limits.maxFields)) }
      fieldsLeft &-= 1
      // Numbers are nearly always 1, 2, 3 …, so the rank is the number less one.
      var rank = Int(tag >> 3) &- 1
      if unsafe rank >= fieldCount || fields?[rank].id != tag >> 3 {
        rank = descriptor.fieldIndex(number: tag >> 3)
      }
      guard rank >= 0 else {
        unknown += 1
        guard unknown <= limits.maxUnknownFields else {
          return refuse(.tooManyUnknownFields(limit: limits.maxUnknownFields))
        }
        guard unsafe skip(&at, end, tag & 7) else { return false }
        continue
      }
      let field = unsafe descriptor.fieldPointer(rank)
      let valueStart = unsafe at
      if unsafe field.pointee.isRepeated || field.pointee.isOneofMember
        || field.pointee.type == PROTOBUF_C_TYPE_MESSAGE
      {
        guard unsafe checkCounted(&at, end, descriptor, rank, tag & 7, counts, depth: depth)
        else { return false }
      } else {
        guard unsafe checkValue(&at, end, field, tag & 7, 0, depth: depth) else { return false }
      }
      if let found = unsafe found { unsafe found[rank].note(from: valueStart, to: at, tag & 7) }
    }
    return true
  }

  /// Checks one occurrence of a field that may not occur again, or only so often.
  private mutating func checkCounted(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ descriptor: MessageDescriptor,
    _ rank: Int, _ wireType: UInt32, _ counts: UnsafeMutablePointer<UInt32>, depth: Int
  ) -> Bool {
    let field = unsafe descriptor.fieldPointer(rank)
    let count = Int(unsafe counts[rank])
    if unsafe field.pointee.isRepeated {
      let added = unsafe checkElements(&at, end, field, wireType, count, depth: depth)
      guard added >= 0 else { return false }
      guard count &+ added <= limits.maxElements else {
        return unsafe refuse(
          .tooManyElements(limit: limits.maxElements), field, limits.maxElements)
      }
      unsafe counts[rank] = UInt32(truncatingIfNeeded: count &+ added)
      return true
    }
    unsafe counts[rank] = 1
    if unsafe field.pointee.isOneofMember {
      guard unsafe isOnlyMember(field, descriptor, counts, count) else {
        return unsafe refuse(.oneofTwice, field, 0)
      }
    } else if count > 0 {
      return unsafe refuse(.occursTwice, field, 0)
    }
    return unsafe checkValue(&at, end, field, wireType, 0, depth: depth)
  }

  /// Whether no other member of the field's oneof was seen, nor this one before.
  private func isOnlyMember(
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ descriptor: MessageDescriptor,
    _ counts: UnsafeMutablePointer<UInt32>, _ count: Int
  ) -> Bool {
    guard count == 0 else { return false }
    for index in 0..<descriptor.fieldCount where unsafe counts[index] > 0 {
      let other = unsafe descriptor.fieldPointer(index)
      if unsafe other != field, unsafe other.pointee.isOneofMember,
        unsafe other.pointee.quantifier_offset == field.pointee.quantifier_offset
      {
        return false
      }
    }
    return true
  }

  private mutating func skip(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ wireType: UInt32
  ) -> Bool {
    switch wireType {
    case WireBytes.varint:
      return unsafe WireBytes.skipVarint(&at, end) || refuse(varintFault(at, end))
    case WireBytes.fixed64: return unsafe advance(&at, end, 8) || refuse(.cutShort)
    case WireBytes.fixed32: return unsafe advance(&at, end, 4) || refuse(.cutShort)
    case WireBytes.lengthDelimited:
      guard case let length = unsafe WireBytes.length(&at, end), length >= 0 else {
        return refuse(.cutShort)
      }
      unsafe at += length
      return true
    default: return refuse(.group)
    }
  }

  private func varintFault(_ at: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> WireFault {
    unsafe end - at >= 10 ? .overlongNumber : .cutShort
  }

  @inline(__always)
  private func advance(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ count: Int
  ) -> Bool {
    guard unsafe end - at >= count else { return false }
    unsafe at += count
    return true
  }

  /// Checks one occurrence of a repeated field, packed or not.
  /// - Returns: How many elements it adds, negative when it is refused.
  private mutating func checkElements(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ wireType: UInt32, _ count: Int, depth: Int
  ) -> Int {
    let own = WireBytes.wireType(of: unsafe field.pointee.type)
    guard wireType == WireBytes.lengthDelimited, own != WireBytes.lengthDelimited else {
      return unsafe checkValue(&at, end, field, wireType, count, depth: depth) ? 1 : -1
    }
    guard case let length = unsafe WireBytes.length(&at, end), length >= 0 else {
      _ = unsafe refuse(.cutShort, field, count)
      return -1
    }
    let packedEnd = unsafe at + length
    var added = 0
    while unsafe at < packedEnd {
      guard fieldsLeft > 0 else {
        _ = unsafe refuse(.tooManyFields(limit: limits.maxFields), field, count + added)
        return -1
      }
      fieldsLeft &-= 1
      guard unsafe checkValue(&at, packedEnd, field, own, count &+ added, depth: depth) else {
        return -1
      }
      added &+= 1
    }
    return added
  }

  /// Checks one value and moves `at` behind it.
  @inline(__always)
  private mutating func checkValue(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ wireType: UInt32, _ index: Int, depth: Int
  ) -> Bool {
    let type = unsafe field.pointee.type
    guard wireType == WireBytes.wireType(of: type) else {
      return unsafe refuse(.wrongWireType, field, index)
    }
    switch wireType {
    case WireBytes.varint:
      if limits.refusesUnknownEnumValues, type == PROTOBUF_C_TYPE_ENUM {
        return unsafe checkEnumValue(&at, end, field, index)
      }
      return unsafe WireBytes.skipVarint(&at, end) || refuse(varintFault(at, end), field, index)
    case WireBytes.fixed64: return unsafe advance(&at, end, 8) || refuse(.cutShort, field, index)
    case WireBytes.fixed32: return unsafe advance(&at, end, 4) || refuse(.cutShort, field, index)
    default: break
    }
    guard case let length = unsafe WireBytes.length(&at, end), length >= 0 else {
      return unsafe refuse(.cutShort, field, index)
    }
    let value = unsafe at
    unsafe at += length
    if type == PROTOBUF_C_TYPE_STRING {
      guard length <= limits.maxTextBytes else {
        return unsafe refuse(.textTooLong(limit: limits.maxTextBytes), field, index)
      }
      textLeft &-= length
      guard textLeft >= 0 else {
        return unsafe refuse(.tooMuchText(limit: limits.maxTextBytesInAll), field, index)
      }
      if let fault = unsafe TextFault.first(in: value, count: length) {
        return unsafe refuse(.text(fault), field, index)
      }
    } else if type == PROTOBUF_C_TYPE_MESSAGE {
      guard
        unsafe checkMessage(
          value, value + length, field.pointee.message, depth: depth &+ 1, found: nil)
      else { return unsafe unwind(through: field, index) }
    }
    return true
  }

  private mutating func checkEnumValue(
    _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>, _ index: Int
  ) -> Bool {
    let start = unsafe at
    guard unsafe WireBytes.skipVarint(&at, end) else {
      return unsafe refuse(varintFault(at, end), field, index)
    }
    let number = Int32(truncatingIfNeeded: unsafe WireBytes.varintValue(start, at))
    return unsafe field.pointee.enumeration.contains(number)
      || refuse(.unknownEnumValue, field, index)
  }
}
