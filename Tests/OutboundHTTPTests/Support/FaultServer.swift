import Foundation
import Glibc
import Synchronization

/// A server on loopback that does to its clients what its script says, each connection on a thread of
/// its own. Ends with the object.
final class FaultServer: Sendable {
  let port: UInt16
  private let descriptor: Int32
  private let state = Mutex(State())

  private struct State {
    var connections = 0
    var requests: [ReceivedRequest] = []
  }

  /// - Parameters:
  ///   - acceptsNobody: only listens, with a queue as short as there is.
  ///   - script: what to do on a connection, which is closed when it returns.
  init(acceptsNobody: Bool = false, _ script: @escaping @Sendable (FaultConnection) -> Void) throws
  {
    (descriptor, port) = try Loopback.listen(backlog: acceptsNobody ? 0 : 1024)
    guard !acceptsNobody else { return }
    let descriptor = descriptor
    Thread.detachNewThread { [weak self] in
      while true {
        let accepted = accept(descriptor, nil, nil)
        guard accepted >= 0 else {
          // Shut down, and nobody else's number yet: the thread that accepts closes.
          close(descriptor)
          return
        }
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        self?.state.withLock { $0.connections += 1 }
        Thread.detachNewThread { [weak self] in
          let connection = FaultConnection(accepted) { request in
            self?.state.withLock { $0.requests.append(request) }
          }
          script(connection)
          connection.close()
        }
      }
    }
  }

  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Connections accepted so far.
  var connections: Int { state.withLock { $0.connections } }

  /// Requests read so far.
  var requests: [ReceivedRequest] { state.withLock { $0.requests } }

  /// Answers every request of a connection with the same bytes.
  static func answering(_ response: String) throws -> FaultServer {
    try FaultServer { connection in
      while connection.readRequest() != nil { connection.write(response) }
    }
  }
}

/// Sockets on 127.0.0.1.
enum Loopback {
  struct Failure: Error {
    let operation: String
    let code = errno
  }

  /// A listening socket on a free port.
  static func listen(backlog: Int32) throws -> (descriptor: Int32, port: UInt16) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(operation: "socket") }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, backlog) == 0
          ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard code == 0 else { throw Failure(operation: "listen") }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  /// A port that nobody listens on: taken by a socket that does not listen.
  static func refusedPort() throws -> (descriptor: Int32, port: UInt16) {
    let (descriptor, port) = try listen(backlog: 1)
    shutdown(descriptor, Int32(SHUT_RDWR))
    return (descriptor, port)
  }

  /// Starts to connect, and leaves it at that.
  static func connect(to port: UInt16) -> Int32 {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let descriptor = socket(AF_INET, type, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    withUnsafePointer(to: &address) { pointer in
      _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return descriptor
  }

  static func end(_ descriptor: Int32) { close(descriptor) }

  /// Sockets of this process that are connected to `port`.
  static func socketsConnected(to port: UInt16) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
      var address = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let code = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          getpeername(Int32(name) ?? -1, $0, &length)
        }
      }
      return code == 0 && address.sin_family == sa_family_t(AF_INET)
        && UInt16(bigEndian: address.sin_port) == port
    }
  }
}
