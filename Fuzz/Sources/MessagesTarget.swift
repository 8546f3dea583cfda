internal import Fixtures
internal import IntegrationAPI
internal import JSONSchema
internal import ProtobufC

/// Every message of the contract, and one with fields of every kind: what is accepted survives being
/// written and read, in both forms; what is refused is refused with the path of a field there is.
///
/// Input: the type, the form, and the message. The type is the one whose name has the nearest hash, so
/// that inputs keep their meaning when the contract grows.
enum MessagesTarget: FuzzTarget {
  private static let types: [(hash: Int, type: any Message.Type)] = {
    let types = MessageCatalogue.all + [Everything.self, Shuffled.self]
    let hashed = types.map { (hash: hash($0.descriptor.fullName), type: $0) }
    promise(Set(hashed.map(\.hash)).count == types.count, "names have hashes of their own")
    return hashed
  }()

  /// FNV-1a, folded to 24 bits.
  private static func hash(_ name: String) -> Int {
    let hash = name.utf8.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    return Int(hash >> 24 ^ hash & 0xFF_FFFF)
  }

  /// The type that an input begins with.
  static func type(of input: inout FuzzInput) -> any Message.Type {
    let wanted = input.word() << 8 | Int(input.byte())
    return types.min { abs($0.hash - wanted) < abs($1.hash - wanted) }?.type ?? Everything.self
  }

  static func run(_ input: FuzzInput) {
    var input = input
    let type = type(of: &input)
    let form = input.byte()
    let limits = form & 1 == 0 ? DecodingLimits.request : .response
    let bytes = input.all()
    if form & 2 == 0 { binary(type, bytes, limits) } else { json(type, bytes, limits) }
  }

  private static func binary<M: Message>(
    _: M.Type, _ bytes: [UInt8], _ limits: DecodingLimits
  ) {
    let message: M
    do throws(MessageError) {
      message = try M(serialized: bytes.span, limits: limits)
    } catch {
      Refusal.check(error, M.descriptor)
      return
    }
    // Swift puts U+FFFD where a text is not UTF-8.
    let written = promised("it is written") { try message.serialized() }
    promise(
      !written.holdsReplacement || bytes.holdsReplacement, "a text that is accepted is UTF-8")
    survives(message, limits, length: bytes.count)
  }

  private static func json<M: Message>(
    _: M.Type, _ bytes: [UInt8], _ limits: DecodingLimits
  ) {
    let message: M
    do throws(MessageError) {
      message = try M(jsonUTF8: bytes.span, limits: limits)
    } catch {
      Refusal.check(error, M.descriptor)
      return
    }
    isJSON(bytes)
    // JSON has no limit for the numbers of an enumeration.
    survives(message, .response, length: bytes.count)
  }

  private static func isTooDense<M: Message>(
    _ bytes: [UInt8], _: M.Type, _ limits: DecodingLimits
  ) -> Bool {
    do throws(MessageError) {
      _ = try M(serialized: bytes.span, limits: limits)
      return false
    } catch {
      return error.summary.hasSuffix("takes more memory than a message of its length may")
    }
  }

  /// - Parameter length: of what the message was read from.
  private static func survives<M: Message>(
    _ message: M, _ limits: DecodingLimits, length: Int
  ) {
    let name = M.descriptor.fullName
    let bytes = promised("\(name) is written") { try message.serialized() }
    // What is shorter than what was read may take less memory: a list of empty messages then is too dense.
    if bytes.count < length, isTooDense(bytes, M.self, limits) { return }
    let again = promised("what \(name) is written as is read") {
      try M(serialized: bytes.span, limits: limits)
    }
    // What holds a NaN is not equal to itself. A list in the same memory would be, so it is read anew.
    let twin = promised("\(name) is read twice") {
      try M(serialized: bytes.span, limits: limits)
    }
    let holdsNaN = again != twin
    promise(again == message || holdsNaN, "\(name) survives the wire")
    promise(
      promised("\(name) is written twice") { try again.serialized() } == bytes,
      "\(name) is written in one way")
    for options in [
      JSONOptions(), JSONOptions(isPretty: true), JSONOptions(includesDefaults: true),
      JSONOptions(usesProtoNames: true),
    ] {
      // Losing the error is right: JSON has no form for some times, masks and Any.
      guard let text = try? message.jsonUTF8(options) else { continue }
      isJSON(text)
      let read = promised("\(String(decoding: text, as: UTF8.self)) is a \(name)") {
        try M(jsonUTF8: text.span, limits: .response)
      }
      // What is inside an Any may be put in order.
      promise(read == message || holdsNaN || name.isOfAny, "\(name) survives JSON")
      let rewritten = promised("\(name) is written again") { try read.jsonUTF8(options) }
      promise(rewritten == text, "\(name) is the same JSON again")
    }
  }

  /// The strict parser agrees that it is JSON.
  private static func isJSON(_ bytes: [UInt8]) {
    do throws(JSONError) {
      _ = try JSONDocument(parsing: bytes, limits: JSONLimits(maxDepth: 1_000))
    } catch {
      promise(error.reason == .numberOutOfRange, "it is JSON: \(error)")
    }
  }
}

extension String {
  /// Whether a message of this name is or holds a `google.protobuf.Any`.
  fileprivate var isOfAny: Bool { self == "google.protobuf.Any" || self == "google.rpc.Status" }
}

extension [UInt8] {
  /// Whether U+FFFD is somewhere in it.
  fileprivate var holdsReplacement: Bool {
    zip(self, zip(dropFirst(), dropFirst(2))).contains {
      $0 == 0xEF && $1.0 == 0xBF && $1.1 == 0xBD
    }
  }
}
