/// A pattern of ``Endpoint``s, as in `GET /v1/students/{id}/**` or `payments.v1.Payments/*`.
///
/// Compared segment by segment from the first to the last, case-sensitively. `{name}` and `*` stand
/// for one segment that is not empty; `**`, only at the end, for any number of segments, none
/// included; `*` as the method for every method. There are no other wildcards and no regular
/// expressions, so a match takes time in proportion to the segments.
package struct EndpointPattern: Sendable, Hashable {
  private enum Method: Hashable {
    case any
    case only([UInt8])
    case none
  }

  private enum Segment: Hashable {
    case any
    case only([UInt8])
  }

  private let method: Method
  private let segments: [Segment]
  private let matchesAnyRest: Bool

  /// - Throws: ``EndpointPatternError``.
  package init(_ text: String) throws(EndpointPatternError) {
    let bytes = Array(text.utf8)
    if let space = bytes.firstIndex(of: UInt8(ascii: " ")) {
      let name = bytes[..<space]
      guard name == [UInt8(ascii: "*")] || Endpoint.isMethod(name) else { throw .invalidMethod }
      method = name == [UInt8(ascii: "*")] ? .any : .only(Array(name))
      guard bytes[(space + 1)...].first == UInt8(ascii: "/") else { throw .noPath }
      let path = bytes[(space + 2)...]
      (segments, matchesAnyRest) = try Self.segments(of: path) {
        (part) throws(EndpointPatternError) in
        // A literal obeys the rules of what it is compared with.
        guard let literal = Endpoint.segments(part), literal.count <= 1 else {
          throw .unsafePath
        }
        guard !part.contains(where: { $0 == UInt8(ascii: "?") }) else { throw .unsafePath }
        return literal.first ?? []
      }
    } else {
      method = .none
      guard let first = bytes.first, first != UInt8(ascii: "/") else { throw .invalidName }
      (segments, matchesAnyRest) = try Self.segments(of: bytes[...]) {
        (part) throws(EndpointPatternError) in
        guard Endpoint.isName(part) else { throw .invalidName }
        return Array(part)
      }
      guard matchesAnyRest ? segments.count < 2 : segments.count == 2 else { throw .invalidName }
    }
  }

  package func matches(_ endpoint: Endpoint) -> Bool {
    switch (method, endpoint.method) {
    case (.none, nil), (.any, .some): break
    case (.only(let expected), let actual?) where expected == actual: break
    default: return false
    }
    let count = endpoint.segments.count
    guard matchesAnyRest ? count >= segments.count : count == segments.count else { return false }
    return zip(segments, endpoint.segments).allSatisfy { segment, actual in
      switch segment {
      case .any: !actual.isEmpty
      case .only(let literal): literal == actual
      }
    }
  }

  private static func segments(
    of text: ArraySlice<UInt8>,
    literal: (ArraySlice<UInt8>) throws(EndpointPatternError) -> [UInt8]
  ) throws(EndpointPatternError) -> ([Segment], Bool) {
    if text.isEmpty { return ([], false) }
    let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    var segments: [Segment] = []
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      if part == [UInt8(ascii: "*")] {
        segments.append(.any)
      } else if part == [UInt8(ascii: "*"), UInt8(ascii: "*")] {
        guard isLast else { throw .restNotLast }
        return (segments, true)
      } else if part.first == UInt8(ascii: "{") {
        guard part.last == UInt8(ascii: "}"), Endpoint.isIdentifier(part.dropFirst().dropLast())
        else { throw .invalidVariable }
        segments.append(.any)
      } else if part.contains(where: { "*{}".utf8.contains($0) }) {
        throw .partialWildcard
      } else if part.isEmpty, !isLast {
        throw .emptySegment
      } else {
        segments.append(.only(try literal(part)))
      }
    }
    return (segments, false)
  }
}

/// Why a text is no pattern. The description completes "must be".
package enum EndpointPatternError: Error, Sendable, Equatable, CustomStringConvertible {
  case invalidMethod, noPath, emptySegment, restNotLast, partialWildcard, invalidVariable
  case unsafePath, invalidName

  package var description: String {
    switch self {
    case .invalidMethod: "a pattern with an upper-case HTTP method or `*`"
    case .noPath: "a pattern whose path begins with `/`, one space after the method"
    case .emptySegment: "a pattern without empty segments (`//`)"
    case .restNotLast: "a pattern with `**` only as its last segment"
    case .partialWildcard: "a pattern whose wildcards stand for whole segments"
    case .invalidVariable: "a pattern with variables as in `{id}`: letters, digits, underscores"
    case .unsafePath:
      "a pattern without query, control characters, backslashes, escaped slashes, `.` and `..`"
    case .invalidName: "a pattern as in `GET /v1/students/{id}` or `payments.v1.Payments/*`"
    }
  }
}
