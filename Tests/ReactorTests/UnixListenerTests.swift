import Glibc
import Reactor
import Testing

/// Sends back what it gets.
final class Echo: StreamSocketDelegate {
  let socket: StreamSocket
  init(_ socket: StreamSocket) { self.socket = socket }
  func received(_ bytes: Span<UInt8>) -> Int {
    for index in bytes.indices { socket.output.append(bytes[index]) }
    socket.flush()
    return bytes.count
  }
  func peerFinishedWriting() { socket.finishWriting() }
  func outputDrained() {}
  func closed(_ error: SystemError?) {}
}

/// Notes what happens to a socket.
final class Recorder: StreamSocketDelegate {
  let log: Log<String>
  init(_ log: Log<String>) { self.log = log }
  func received(_ bytes: Span<UInt8>) -> Int {
    var text: [UInt8] = []
    for index in bytes.indices { text.append(bytes[index]) }
    log.add(String(decoding: text, as: UTF8.self))
    return bytes.count
  }
  func peerFinishedWriting() { log.add("end") }
  func outputDrained() { log.add("drained") }
  func closed(_ error: SystemError?) { log.add("closed \(error.map { "\($0.errno)" } ?? "")") }
}

@Suite struct UnixListenerTests {
  @Test("a client reaches the server, is known to it and hears its answer")
  func echo() async throws {
    try await World.run { world in
      let loop = world.loop
      let log = Log<String>()
      let path = world.path("s")
      let listener = try await loop.run {
        try UnixListener.bind(path: path, permissions: 0o600, on: loop) { accepted in
          #expect(accepted.peer.userID == getuid())
          #expect(accepted.peer.processID == getpid())
          let socket = StreamSocket(accepted)
          try! socket.start(Echo(socket))
        }
      }
      let client = try await StreamSocket.connect(
        path: path, on: loop, deadline: .within(.seconds(5)))
      try await loop.run {
        try client.start(Recorder(log))
        client.output += Array("hello".utf8)
        client.flush()
        client.finishWriting()
      }
      try await log.waitFor(3)
      #expect(log.entries == ["hello", "end", "closed "])
      await loop.run { listener.close() }
      #expect(access(path, F_OK) != 0)
    }
  }
}
