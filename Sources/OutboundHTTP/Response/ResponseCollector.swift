/// Takes a response as it comes, line by line and piece by piece, and says when it is too much.
package struct ResponseCollector {
  /// Why no more is taken.
  package enum Stop: Sendable, Hashable {
    /// The header is beyond its limit.
    case header
    /// The body is beyond its limit: the response counts.
    case body
    /// The body is coded for the way, other than in chunks: nobody asked for that (RFC 9112 §7.4),
    /// and libcurl would inflate it.
    case transferCoding
  }

  private let limits: ResponseLimits
  private var headerBytes = 0
  private var bodyBytes = 0
  /// Whether the next line begins a message, or is none's: behind an empty line.
  private var isBetweenMessages = true
  private var isTrailer = false
  private var isInterim = false

  package private(set) var headers: [ResponseHeader] = []
  package private(set) var body: [UInt8] = []
  package private(set) var stop: Stop?
  /// Whether the header of a response that is not interim has come to its empty line.
  package private(set) var isHeaderComplete = false

  /// Whether ``body`` is not all that came.
  package var isBodyTruncated: Bool { bodyBytes > body.count }

  package init(limits: ResponseLimits) {
    self.limits = limits
  }

  /// Takes a line of a header, with its line break: status lines, fields, the empty line, trailers.
  /// - Returns: whether to go on.
  package mutating func takeHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
    headerBytes += line.count
    guard headerBytes <= limits.headerBytes else {
      stop = .header
      return false
    }
    var end = line.endIndex
    while end > 0, unsafe line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
    let text = unsafe UnsafeRawBufferPointer(rebasing: line[..<end])
    if unsafe text.isEmpty {
      isBetweenMessages = true
      if !isInterim { isHeaderComplete = true }
    } else if isBetweenMessages {
      isBetweenMessages = false
      // An interim response is followed by another; a body only by trailers.
      isTrailer = isHeaderComplete
      guard !isTrailer else { return true }
      isInterim = unsafe Self.isInterim(text)
      headers.removeAll(keepingCapacity: true)
      headers.reserveCapacity(8)
    } else if !isTrailer {
      return unsafe takeField(text)
    }
    return true
  }

  private mutating func takeField(_ line: UnsafeRawBufferPointer) -> Bool {
    if unsafe line.first == 0x20 || line.first == 0x09 {
      // A folded line (RFC 9112 §5.2) goes on with the value before it.
      if let last = headers.popLast() {
        let more = unsafe Self.trimmed(line[...])
        headers.append(ResponseHeader(name: last.name, value: "\(last.value) \(more)"))
      }
      return true
    }
    guard let colon = unsafe line.firstIndex(of: UInt8(ascii: ":")) else { return true }
    let name = unsafe String(decoding: line[..<colon], as: UTF8.self)
    let value = unsafe Self.trimmed(line[(colon + 1)...])
    headers.append(ResponseHeader(name: name, value: value))
    guard name.utf8.count == 17, name.lowercased() == "transfer-encoding",
      !["chunked", "identity"].contains(value.lowercased())
    else { return true }
    stop = .transferCoding
    return false
  }

  /// Takes a piece of the body.
  /// - Returns: whether to go on.
  package mutating func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bodyBytes += bytes.count
    let room = max(0, limits.keptBytes - body.count)
    if room > 0 { unsafe body.append(contentsOf: bytes.prefix(room)) }
    guard bodyBytes > limits.bodyBytes else { return true }
    stop = .body
    return false
  }

  /// Whether a status line has a status of 1xx; `101` ends the talk in HTTP, and is none of these.
  private static func isInterim(_ line: UnsafeRawBufferPointer) -> Bool {
    let status = unsafe line.drop { $0 != 0x20 }.dropFirst().prefix(3)
    return unsafe status.first == UInt8(ascii: "1") && !status.elementsEqual("101".utf8)
  }

  private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    var bytes = unsafe bytes
    while let first = unsafe bytes.first, first == 0x20 || first == 0x09 {
      unsafe bytes.removeFirst()
    }
    while let last = unsafe bytes.last, last == 0x20 || last == 0x09 { unsafe bytes.removeLast() }
    return unsafe String(decoding: bytes, as: UTF8.self)
  }
}
