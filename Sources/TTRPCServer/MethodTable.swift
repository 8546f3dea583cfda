internal import Reactor
internal import TTRPC

/// The methods of a server, found by the bytes of a request without making a `String`.
struct MethodTable: Sendable {
  /// What serves a method.
  enum Code: Sendable {
    case unary(@Sendable (UnaryCall) async throws -> UnaryCall.Finished)
    case streaming(any StreamingHandler)
  }

  /// A method that is served.
  final class Entry: Sendable {
    let served: ServedMethod
    let isUnary: Bool
    let clientStreams: Bool
    /// Longest a call may take; the greatest number: no limit.
    let maxNanoseconds: Int64
    let code: Code
    let serviceBytes: [UInt8]
    let methodBytes: [UInt8]

    init(service: String, method: MethodDefinition, _ limits: ServerLimits) {
      served = ServedMethod(MethodName(service: service, method: method.name))
      isUnary = method.kind == .unary
      clientStreams = method.kind.clientStreams
      maxNanoseconds =
        isUnary
        ? limits.maxUnaryTime.saturatingNanoseconds
        : limits.maxStreamTime?.saturatingNanoseconds ?? .max
      code = method.accept(CodeMaker())
      serviceBytes = Array(service.utf8)
      methodBytes = Array(method.name.utf8)
    }
  }

  /// What became of a search.
  enum Found {
    case method(Entry)
    case unknownService
    case unknownMethod
  }

  private let entries: [Entry]
  /// Indices into ``entries`` by ``slot(_:_:)``.
  private let buckets: [[Int]]

  /// - Precondition: no method is defined twice.
  init(_ services: [ServiceDefinition], _ limits: ServerLimits) {
    let entries = services.flatMap { service in
      service.methods.map { Entry(service: service.name, method: $0, limits) }
    }
    precondition(
      Set(entries.map(\.served.name)).count == entries.count, "a method is defined twice")
    var size = 16
    while size < entries.count * 4 { size *= 2 }
    var buckets = [[Int]](repeating: [], count: size)
    for (index, entry) in entries.enumerated() {
      let service = entry.serviceBytes
      let method = entry.methodBytes
      buckets[Self.slot(service.span, method.span, size)].append(index)
    }
    self.entries = entries
    self.buckets = buckets
  }

  /// Looks a method up.
  func find(_ service: Span<UInt8>, _ method: Span<UInt8>) -> Found {
    for index in buckets[Self.slot(service, method, buckets.count)] {
      let entry = entries[index]
      if Self.equal(entry.methodBytes, method), Self.equal(entry.serviceBytes, service) {
        return .method(entry)
      }
    }
    let isKnown = entries.contains { Self.equal($0.serviceBytes, service) }
    return isKnown ? .unknownMethod : .unknownService
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
