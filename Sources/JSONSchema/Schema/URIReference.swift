/// A URI or a reference to one (RFC 3986 §4.1), by bytes: nothing is normalised but dot segments.
struct URIReference: Sendable {
  var scheme: ArraySlice<UInt8>?
  var authority: ArraySlice<UInt8>?
  var path: ArraySlice<UInt8>
  var query: ArraySlice<UInt8>?
  var fragment: ArraySlice<UInt8>?

  init(_ text: ArraySlice<UInt8>) {
    var rest = text
    if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
      fragment = rest[(hash + 1)...]
      rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      query = rest[(mark + 1)...]
      rest = rest[..<mark]
    }
    if let colon = rest.firstIndex(of: UInt8(ascii: ":")), URIText.isScheme(rest[..<colon]) {
      scheme = rest[..<colon]
      rest = rest[(colon + 1)...]
    }
    if rest.starts(with: "//".utf8) {
      rest = rest.dropFirst(2)
      authority = rest.prefix { $0 != UInt8(ascii: "/") }
      rest = rest.dropFirst(authority?.count ?? 0)
    }
    path = rest
  }

  /// The reference as seen from `base` (RFC 3986 §5.2.2).
  func resolved(against base: URIReference) -> URIReference {
    var target = self
    guard scheme == nil else {
      target.path = Self.withoutDots(path)
      return target
    }
    target.scheme = base.scheme
    guard authority == nil else {
      target.path = Self.withoutDots(path)
      return target
    }
    target.authority = base.authority
    if path.isEmpty {
      target.path = base.path
      target.query = query ?? base.query
    } else if path.first == UInt8(ascii: "/") {
      target.path = Self.withoutDots(path)
    } else {
      var merged: [UInt8] = []
      if base.authority != nil, base.path.isEmpty {
        merged.append(UInt8(ascii: "/"))
      } else if let slash = base.path.lastIndex(of: UInt8(ascii: "/")) {
        merged.append(contentsOf: base.path[...slash])
      }
      target.path = Self.withoutDots(merged[...] + path)
    }
    return target
  }

  /// Without its fragment, which is how documents are named.
  var document: [UInt8] {
    var text: [UInt8] = []
    if let scheme { text += scheme + ":".utf8 }
    if let authority { text += "//".utf8 + authority }
    text += path
    if let query { text += "?".utf8 + query }
    return text
  }

  /// RFC 3986 §5.2.4, for absolute paths and for relative ones, which keep what they cannot go up.
  private static func withoutDots(_ path: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard path.contains(UInt8(ascii: ".")) else { return path }
    let isAbsolute = path.first == UInt8(ascii: "/")
    let dot = [UInt8(ascii: ".")][...]
    let parts = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    var kept: [ArraySlice<UInt8>] = []
    for (index, part) in parts.enumerated() {
      let isLast = index == parts.count - 1
      if part == dot {
        if isLast { kept.append([]) }
      } else if part == dot + dot {
        if kept.count > (isAbsolute ? 1 : 0) { kept.removeLast() }
        if isLast { kept.append([]) }
      } else {
        kept.append(part)
      }
    }
    return ArraySlice(kept.joined(separator: [UInt8(ascii: "/")]))
  }

  /// Text with its percent escapes decoded; nil when one is broken.
  static func unescaped(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard text.contains(UInt8(ascii: "%")) else { return text }
    var decoded: ArraySlice<UInt8> = []
    var rest = text
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        decoded.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(UTF8Text.hexDigit),
        let low = rest.popFirst().flatMap(UTF8Text.hexDigit)
      else { return nil }
      decoded.append(UInt8(high << 4 | low))
    }
    return decoded
  }
}
