import Foundation
import Reactor
import Synchronization
import TTRPC

/// A server that answers each connection with a script, right or wrong.
final class RawServer: @unchecked Sendable {
  /// One connection of a client.
  final class Connection: StreamSocketDelegate, @unchecked Sendable {
    let socket: StreamSocket
    private let onFrame: (Connection, FrameHeader, [UInt8]) -> Void
    private var decoder = FrameDecoder()

    init(_ socket: StreamSocket, _ onFrame: @escaping (Connection, FrameHeader, [UInt8]) -> Void) {
      self.socket = socket
      self.onFrame = onFrame
    }

    func send(_ bytes: [UInt8]) {
      socket.withOutput { $0 += bytes }
      socket.flush()
    }

    func received(_ bytes: Span<UInt8>) -> Int {
      var offset = 0
      while case .frame(let header, let body) = decoder.next(in: bytes, at: &offset) {
        let span = bytes.extracting(body)
        onFrame(self, header, span.withUnsafeBufferPointer { Array($0) })
      }
      return offset
    }

    func peerFinishedWriting() { socket.close() }
    func outputDrained() {}
    func closed(_ error: SystemError?) {}
  }

  let path: String
  private let loops: EventLoopGroup
  private var listener: UnixListener?
  private let accepted = Atomic<Int>(0)

  /// Connections accepted so far.
  var connections: Int { accepted.load(ordering: .relaxed) }

  private init(path: String) throws {
    self.path = path
    loops = try EventLoopGroup(count: 1, name: "raw")
  }

  /// Runs `body` beside a server that calls `onFrame` for every frame.
  static func with(
    _ onFrame: @escaping @Sendable (Connection, FrameHeader, [UInt8]) -> Void,
    _ body: (RawServer) async throws -> Void
  ) async throws {
    let server = try RawServer(path: "/tmp/ttrpc-raw-\(UUID().uuidString.prefix(8)).sock")
    let loop = server.loops.loops[0]
    try await loop.run {
      server.listener = try UnixListener.bind(path: server.path, permissions: 0o600, on: loop) {
        server.accepted.add(1, ordering: .relaxed)
        let connection = Connection(StreamSocket($0, on: loop), onFrame)
        try? connection.socket.start(connection)
      }
    }
    do {
      try await body(server)
    } catch {
      await server.end()
      throw error
    }
    await server.end()
  }

  private func end() async {
    await loops.loops[0].run {
      self.listener?.close()
      // It holds who it calls.
      self.listener = nil
    }
    await loops.shutdown()
    try? FileManager.default.removeItem(atPath: path + ".lock")
  }
}
