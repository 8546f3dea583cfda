internal import Reactor
internal import TTRPC

/// The methods of a server, found by the bytes of a request without making a `String`.
struct MethodTable: Sendable {
  /// What serves a method.
  enum Code: Sendable {
    case unary(@Sendable (UnaryCall) async throws -> UnaryCall.Finished)
    case streaming(any StreamingHandler)

    var isUnary: Bool { if case .unary = self { true } else { false } }
  }

  /// A method that is served.
  final class Entry: Sendable {
    let served: ServedMethod
    let clientStreams: Bool
    /// Longest a call may take; the greatest number: no limit.
    let maxNanoseconds: Int64
    let code: Code
    let serviceBytes: [UInt8]
    let methodBytes: [UInt8]

    var isUnary: Bool { code.isUnary }

    init(service: String, method: MethodDefinition, _ limits: ServerLimits) {
      served = ServedMethod(MethodName(service: service, method: method.name))
      clientStreams = method.kind.clientStreams
      maxNanoseconds =
        method.kind == .unary
        ? limits.maxUnaryTime.saturatingNanoseconds
        : limits.maxStreamTime?.saturatingNanoseconds ?? .max
      code = method.accept(CodeMaker())
      serviceBytes = Array(service.utf8)
      methodBytes = Array(method.name.utf8)
    }
  }

  private let entries: [Entry]
  /// The same by ``slot(_:_:_:)``, or in the next free place behind it; at most a quarter is taken.
  private let places: [Entry?]

  /// - Precondition: no method is defined twice.
  init(_ services: [ServiceDefinition], _ limits: ServerLimits) {
    let entries = services.flatMap { service in
      service.methods.map { Entry(service: service.name, method: $0, limits) }
    }
    precondition(
      Set(entries.map(\.served.name)).count == entries.count, "a method is defined twice")
    var size = 16
    while size < entries.count * 4 { size *= 2 }
    var places = [Entry?](repeating: nil, count: size)
    for entry in entries {
      let service = entry.serviceBytes
      let method = entry.methodBytes
      var place = Self.slot(service.span, method.span, size)
      while places[place] != nil { place = (place + 1) & (size - 1) }
      places[place] = entry
    }
    self.entries = entries
    self.places = places
  }

  /// The method of that name.
  func find(_ service: Span<UInt8>, _ method: Span<UInt8>) -> Entry? {
    var place = Self.slot(service, method, places.count)
    while let entry = places[place] {
      if Self.equal(entry.methodBytes, method), Self.equal(entry.serviceBytes, service) {
        return entry
      }
      place = (place + 1) & (places.count - 1)
    }
    return nil
  }

  /// Whether there is a service of that name.
  func knows(_ service: Span<UInt8>) -> Bool {
    entries.contains { Self.equal($0.serviceBytes, service) }
  }

  /// Lengths and a few letters: names are ours and few, so they need no hash of every byte, and
  /// what a caller sends is only ever looked up.
  private static func slot(_ service: Span<UInt8>, _ method: Span<UInt8>, _ size: Int) -> Int {
    var hash = service.count &* 31 &+ method.count
    if !method.isEmpty {
      hash = hash &* 31 &+ Int(method[0])
      hash = hash &* 31 &+ Int(method[method.count / 2])
      hash = hash &* 31 &+ Int(method[method.count - 1])
    }
    return (hash ^ hash >> 7) & (size - 1)
  }

  private static func equal(_ left: [UInt8], _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
