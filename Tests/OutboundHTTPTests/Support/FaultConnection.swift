import Glibc

/// A request as it came over the wire.
struct ReceivedRequest: Sendable, Equatable {
  let line: String
  /// In the order in which they came.
  let headers: [String]
  let body: [UInt8]

  func values(of name: String) -> [String] {
    headers.filter { $0.lowercased().hasPrefix(name + ":") }.map {
      String($0.dropFirst(name.count + 1)).trimmingSpaces()
    }
  }

  /// What a strict reader objects to.
  var flaws: [String] {
    var flaws: [String] = []
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    if words.count != 3 || words.last != "HTTP/1.1" { flaws.append("request line \(line)") }
    if values(of: "host").count != 1 { flaws.append("hosts \(values(of: "host"))") }
    let lengths = values(of: "content-length")
    if !body.isEmpty, lengths != ["\(body.count)"] { flaws.append("lengths \(lengths)") }
    for name in ["transfer-encoding", "accept-encoding", "expect", "te", "cookie", "upgrade"]
    where !values(of: name).isEmpty {
      flaws.append("unwanted \(name)")
    }
    for header in headers
    where !header.contains(":")
      || !header.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 9 })
    {
      flaws.append("header \(header)")
    }
    return flaws
  }
}

/// The server's end of a connection. Belongs to its thread.
final class FaultConnection {
  private var descriptor: Int32
  private var input: [UInt8] = []
  private let onRequest: (ReceivedRequest) -> Void

  init(_ descriptor: Int32, onRequest: @escaping (ReceivedRequest) -> Void) {
    self.descriptor = descriptor
    self.onRequest = onRequest
  }

  /// The next request with its body; nil at the end of the stream.
  func readRequest() -> ReceivedRequest? {
    let blank = Array("\r\n\r\n".utf8)
    while true {
      if let end = input.firstRange(of: blank) {
        let lines = String(decoding: input[..<end.lowerBound], as: UTF8.self)
          .split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        let head = ReceivedRequest(line: lines[0], headers: Array(lines.dropFirst()), body: [])
        let length = head.values(of: "content-length").first.flatMap(Int.init) ?? 0
        while input.count < end.upperBound + length { guard fill() else { return nil } }
        let body = Array(input[end.upperBound...].prefix(length))
        input.removeFirst(end.upperBound + length)
        let request = ReceivedRequest(line: head.line, headers: head.headers, body: body)
        onRequest(request)
        return request
      }
      guard fill() else { return nil }
    }
  }

  private func fill() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    input += buffer[..<count]
    return true
  }

  /// False when the other side is gone.
  @discardableResult
  func write(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  @discardableResult
  func write(_ text: String) -> Bool { write(Array(text.utf8)) }

  /// Waits until the other side has closed, without reading what it says.
  func awaitHangUp() {
    while fill() {}
  }

  /// Closes so that the other side gets a reset.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  func close() {
    guard descriptor >= 0 else { return }
    Glibc.close(descriptor)
    descriptor = -1
  }
}

extension Array where Element == UInt8 {
  fileprivate func firstRange(of pattern: [UInt8]) -> Range<Int>? {
    guard count >= pattern.count else { return nil }
    for start in 0...(count - pattern.count)
    where self[start..<(start + pattern.count)].elementsEqual(pattern) {
      return start..<(start + pattern.count)
    }
    return nil
  }
}

extension String {
  fileprivate func trimmingSpaces() -> String {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
