import Reactor

extension Span<UInt8> {
  var array: [UInt8] {
    withUnsafeBytes { Array($0) }
  }
}

/// Notes what happens to a socket, in words.
final class Recorder: StreamSocketDelegate {
  let log: Log<String>
  private let receive: ([UInt8]) -> Int

  /// - Parameter receive: says how much to consume; by default everything.
  init(_ log: Log<String>, receive: @escaping ([UInt8]) -> Int = \.count) {
    self.log = log
    self.receive = receive
  }

  func received(_ bytes: Span<UInt8>) -> Int {
    let bytes = bytes.array
    log.add(String(decoding: bytes, as: UTF8.self))
    return receive(bytes)
  }
  func peerFinishedWriting() { log.add("end") }
  func outputDrained() { log.add("drained") }
  func closed(_ error: SystemError?) { log.add("closed \(error.map { "\($0.errno)" } ?? "well")") }
}

/// Counts bytes and keeps the last two.
final class Counter: StreamSocketDelegate {
  let log: Log<String>
  private(set) var count = 0
  private(set) var last: [UInt8] = []

  init(_ log: Log<String>) { self.log = log }
  func received(_ bytes: Span<UInt8>) -> Int {
    count += bytes.count
    last = (last + bytes.extracting(last: 2).array).suffix(2)
    return bytes.count
  }
  func peerFinishedWriting() { log.add("end: \(count), \(last)") }
  func outputDrained() {}
  func closed(_ error: SystemError?) { log.add("closed \(error.map { "\($0.errno)" } ?? "well")") }
}

/// Notes what is left each time the kernel has taken something.
final class OutputWatch: StreamSocketDelegate {
  private let socket: StreamSocket
  private let log: Log<Int>

  init(_ socket: StreamSocket, _ log: Log<Int>) {
    self.socket = socket
    self.log = log
  }

  func received(_ bytes: Span<UInt8>) -> Int { bytes.count }
  func peerFinishedWriting() {}
  func outputTaken() { log.add(socket.unsentBytes) }
  func closed(_ error: SystemError?) {}
}

/// Sends back what it gets, and ends when the peer does.
final class Echo: StreamSocketDelegate {
  let socket: StreamSocket
  init(_ socket: StreamSocket) { self.socket = socket }

  /// A server's way with a new connection.
  static func serve(_ accepted: AcceptedSocket) {
    let socket = StreamSocket(accepted)
    do {
      try socket.start(Echo(socket))
    } catch {
      fatalError("\(error)")
    }
  }

  func received(_ bytes: Span<UInt8>) -> Int {
    socket.withOutput { $0 += bytes.array }
    socket.flush()
    if socket.unsentBytes > 1 << 20 { socket.pauseReading() }
    return bytes.count
  }
  func peerFinishedWriting() { socket.finishWriting() }
  func outputDrained() { socket.resumeReading() }
  func closed(_ error: SystemError?) {}
}

extension StreamSocket {
  /// Only on the loop.
  func say(_ text: String) {
    withOutput { $0 += Array(text.utf8) }
    flush()
  }
}
