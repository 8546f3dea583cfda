import ProtobufC

/// `test.Colour` as the generator would write it.
enum Colour: ProtoEnum {
  case unspecified, red, deep, blue
  case unrecognized(Int32)

  init(rawValue: Int32) {
    self =
      switch rawValue {
      case 0: .unspecified
      case 1: .red
      case -3: .deep
      case 700: .blue
      default: .unrecognized(rawValue)
      }
  }

  var rawValue: Int32 {
    switch self {
    case .unspecified: 0
    case .red: 1
    case .deep: -3
    case .blue: 700
    case .unrecognized(let number): number
    }
  }

  static var descriptor: EnumDescriptor {
    guard
      case .enumeration(let descriptor)? = MessageDescriptor.testSink.field(named: "shade")?.kind
    else { preconditionFailure("test.Sink.shade is an enum") }
    return descriptor
  }
}

/// `test.Leaf` as the generator would write it.
struct Leaf: Message {
  var text = ""
  var count: Int32 = 0

  init() {}
  init(text: String = "", count: Int32 = 0) {
    self.text = text
    self.count = count
  }

  static var descriptor: MessageDescriptor { .testLeaf }

  init(from reader: borrowing MessageReader) throws(MessageError) {
    text = reader.string(0)
    count = reader.int32(1)
  }

  func write(to writer: borrowing MessageWriter) {
    writer.set(0, text)
    writer.set(1, count)
  }
}

/// `test.Sink` as the generator would write it, without the field that holds a `test.Sink`.
struct Sink: Message {
  enum Choice: Sendable, Hashable {
    case text(String)
    case number(Int64)
    case leaf(Leaf)
    case data([UInt8])
    case flag(Bool)
  }

  var int32: Int32 = 0
  var sint32: Int32 = 0
  var sfixed32: Int32 = 0
  var int64: Int64 = 0
  var sint64: Int64 = 0
  var sfixed64: Int64 = 0
  var uint32: UInt32 = 0
  var fixed32: UInt32 = 0
  var uint64: UInt64 = 0
  var fixed64: UInt64 = 0
  var float: Float = 0
  var double: Double = 0
  var bool = false
  var string = ""
  var bytes: [UInt8] = []
  var shade = Colour.unspecified
  var leaf: Leaf?
  var int32s: [Int32] = []
  var sint32s: [Int32] = []
  var sfixed32s: [Int32] = []
  var int64s: [Int64] = []
  var sint64s: [Int64] = []
  var sfixed64s: [Int64] = []
  var uint32s: [UInt32] = []
  var fixed32s: [UInt32] = []
  var uint64s: [UInt64] = []
  var fixed64s: [UInt64] = []
  var floats: [Float] = []
  var doubles: [Double] = []
  var bools: [Bool] = []
  var strings: [String] = []
  var datas: [[UInt8]] = []
  var shades: [Colour] = []
  var leaves: [Leaf] = []
  var choice: Choice?

  init() {}

  static var descriptor: MessageDescriptor { .testSink }

  init(from reader: borrowing MessageReader) throws(MessageError) {
    int32 = reader.int32(0)
    sint32 = reader.int32(1)
    sfixed32 = reader.int32(2)
    int64 = reader.int64(3)
    sint64 = reader.int64(4)
    sfixed64 = reader.int64(5)
    uint32 = reader.uint32(6)
    fixed32 = reader.uint32(7)
    uint64 = reader.uint64(8)
    fixed64 = reader.uint64(9)
    float = reader.float(10)
    double = reader.double(11)
    bool = reader.bool(12)
    string = reader.string(13)
    bytes = reader.bytes(14)
    shade = reader.enumeration(15, as: Colour.self)
    leaf = try reader.message(16, as: Leaf.self)
    int32s = reader.int32s(18)
    sint32s = reader.int32s(19)
    sfixed32s = reader.int32s(20)
    int64s = reader.int64s(21)
    sint64s = reader.int64s(22)
    sfixed64s = reader.int64s(23)
    uint32s = reader.uint32s(24)
    fixed32s = reader.uint32s(25)
    uint64s = reader.uint64s(26)
    fixed64s = reader.uint64s(27)
    floats = reader.floats(28)
    doubles = reader.doubles(29)
    bools = reader.bools(30)
    strings = reader.strings(31)
    datas = reader.bytesList(32)
    shades = reader.enumerations(33, as: Colour.self)
    leaves = try reader.messages(34, as: Leaf.self)
    if reader.isSet(35) {
      choice = .text(reader.string(35))
    } else if reader.isSet(36) {
      choice = .number(reader.int64(36))
    } else if reader.isSet(37) {
      choice = try reader.message(37, as: Leaf.self).map { .leaf($0) }
    } else if reader.isSet(38) {
      choice = .data(reader.bytes(38))
    } else if reader.isSet(39) {
      choice = .flag(reader.bool(39))
    }
  }

  func write(to writer: borrowing MessageWriter) {
    writer.set(0, int32)
    writer.set(1, sint32)
    writer.set(2, sfixed32)
    writer.set(3, int64)
    writer.set(4, sint64)
    writer.set(5, sfixed64)
    writer.set(6, uint32)
    writer.set(7, fixed32)
    writer.set(8, uint64)
    writer.set(9, fixed64)
    writer.set(10, float)
    writer.set(11, double)
    writer.set(12, bool)
    writer.set(13, string)
    writer.set(14, bytes)
    writer.set(15, shade)
    writer.set(16, leaf)
    writer.set(18, int32s)
    writer.set(19, sint32s)
    writer.set(20, sfixed32s)
    writer.set(21, int64s)
    writer.set(22, sint64s)
    writer.set(23, sfixed64s)
    writer.set(24, uint32s)
    writer.set(25, fixed32s)
    writer.set(26, uint64s)
    writer.set(27, fixed64s)
    writer.set(28, floats)
    writer.set(29, doubles)
    writer.set(30, bools)
    writer.set(31, strings)
    writer.set(32, datas)
    writer.set(33, shades)
    writer.set(34, leaves)
    switch choice {
    case .text(let value): writer.set(35, value)
    case .number(let value): writer.set(36, value)
    case .leaf(let value): writer.set(37, value)
    case .data(let value): writer.set(38, value)
    case .flag(let value): writer.set(39, value)
    case nil: break
    }
  }
}

extension Sink {
  /// A value with every field set, drawn from a seed.
  static func random(_ random: inout SeededRandom) -> Sink {
    var sink = Sink()
    sink.int32 = .random(in: .min ... .max, using: &random)
    sink.sint32 = .random(in: .min ... .max, using: &random)
    sink.sfixed32 = .random(in: .min ... .max, using: &random)
    sink.int64 = .random(in: .min ... .max, using: &random)
    sink.sint64 = .random(in: .min ... .max, using: &random)
    sink.sfixed64 = .random(in: .min ... .max, using: &random)
    sink.uint32 = .random(in: .min ... .max, using: &random)
    sink.fixed32 = .random(in: .min ... .max, using: &random)
    sink.uint64 = .random(in: .min ... .max, using: &random)
    sink.fixed64 = .random(in: .min ... .max, using: &random)
    sink.float = .random(in: -1e6...1e6, using: &random)
    sink.double = .random(in: -1e6...1e6, using: &random)
    sink.bool = .random(using: &random)
    sink.string = random.text()
    sink.bytes = random.bytes()
    sink.shade = random.colour()
    sink.leaf = random.leaf()
    sink.int32s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.sint32s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.sfixed32s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.int64s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.sint64s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.sfixed64s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.uint32s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.fixed32s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.uint64s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.fixed64s = random.list { .random(in: .min ... .max, using: &$0) }
    sink.floats = random.list { .random(in: -1e6...1e6, using: &$0) }
    sink.doubles = random.list { .random(in: -1e6...1e6, using: &$0) }
    sink.bools = random.list { .random(using: &$0) }
    sink.strings = random.list { $0.text() }
    sink.datas = random.list { $0.bytes() }
    sink.shades = random.list { $0.colour() }
    sink.leaves = random.list { $0.leaf() }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: sink.choice = .text(random.text())
    case 1: sink.choice = .number(.random(in: .min ... .max, using: &random))
    case 2: sink.choice = .leaf(random.leaf())
    case 3: sink.choice = .data(random.bytes())
    case 4: sink.choice = .flag(.random(using: &random))
    default: break
    }
    return sink
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same values for the same seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func text() -> String {
    let alphabet = Array("abc XYZ 019 \"\\/\n\t\u{1}äöß€漢字😀🇨🇭")
    return String(
      (0..<Int.random(in: 0..<40, using: &self)).map { _ in
        alphabet.randomElement(using: &self) ?? "a"
      })
  }

  mutating func bytes() -> [UInt8] {
    (0..<Int.random(in: 0..<50, using: &self)).map { _ in .random(in: 0...255, using: &self) }
  }

  mutating func colour() -> Colour {
    [.unspecified, .red, .deep, .blue].randomElement(using: &self) ?? .red
  }

  mutating func leaf() -> Leaf {
    Leaf(text: text(), count: .random(in: .min ... .max, using: &self))
  }

  mutating func list<T>(_ make: (inout SeededRandom) -> T) -> [T] {
    (0..<Int.random(in: 0..<5, using: &self)).map { _ in make(&self) }
  }
}
