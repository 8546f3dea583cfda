import Foundation
import Glibc
import Synchronization

/// Stands between client and server on a Unix socket (and on TCP), and breaks things on request.
package final class FaultProxy: Sendable {
  private struct State {
    var isFrozen = false
    /// Cut a connection, without passing the answer on, once its client has sent these bytes.
    var needle: [UInt8]?
    var cuts = 0
    var connections = 0
    var pairs: [Int: (client: Int32, server: Int32)] = [:]
    var waiters: [(Int, CheckedContinuation<Void, Never>)] = []
    var listeners: [Int32] = []
  }

  /// Holds `.s.PGSQL.5432`.
  package let directory: String
  /// On 127.0.0.1 and ::1 alike, when TCP was asked for.
  package let port: UInt16
  private let server: String
  private let state = Mutex(State())

  package init(to socketDirectory: String, tcp: Bool = false) throws {
    server = socketDirectory + "/.s.PGSQL.5432"
    var template = Array("/tmp/pgproxy-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
    directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let unixListener = socket(AF_UNIX, Self.stream, 0)
    try Self.check(Self.withAddress(directory + "/.s.PGSQL.5432") { bind(unixListener, $0, $1) })
    try Self.check(listen(unixListener, 64))
    var listeners = [unixListener]
    var port: UInt16 = 0
    if tcp {
      let tcpListener = socket(AF_INET, Self.stream, 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      try withUnsafeMutablePointer(to: &address) {
        try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          try Self.check(bind(tcpListener, $0, length))
          try Self.check(getsockname(tcpListener, $0, &length))
        }
      }
      try Self.check(listen(tcpListener, 64))
      port = UInt16(bigEndian: address.sin_port)
      listeners.append(tcpListener)
    }
    self.port = port
    state.withLock { [listeners] in $0.listeners = listeners }
    for listener in listeners { Thread.detachNewThread { [self] in accept(on: listener) } }
  }

  /// Ends everything. Twice is not an error.
  package func close() {
    // Once: the threads that accept close these, and then the numbers are somebody else's.
    let listeners = state.withLock { state in
      defer { state.listeners = [] }
      return state.listeners
    }
    for listener in listeners { shutdown(listener, Int32(SHUT_RDWR)) }
    cutAll()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Cuts each connection whose client sends `needle` from now on, after the server has answered and
  /// without passing that answer on. Once.
  package func cutInsteadOfAnswer(to needle: String) {
    state.withLock { $0.needle = Array(needle.utf8) }
  }

  /// Cuts all connections now.
  package func cutAll() {
    state.withLock { state in
      for pair in state.pairs.values {
        shutdown(pair.client, Int32(SHUT_RDWR))
        shutdown(pair.server, Int32(SHUT_RDWR))
      }
    }
  }

  /// Keeps what the server says from now on to itself.
  package func freeze() { state.withLock { $0.isFrozen = true } }
  package func thaw() { state.withLock { $0.isFrozen = false } }

  package var connections: Int { state.withLock { $0.connections } }

  /// Returns when so many connections were cut in answer to a needle.
  package func cuts(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        guard state.cuts < count else { return true }
        state.waiters.append((count, continuation))
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  private func accept(on listener: Int32) {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      guard client >= 0 else { break }
      let upstream = socket(AF_UNIX, Self.stream, 0)
      guard Self.withAddress(server, { connect(upstream, $0, $1) }) == 0 else {
        _ = Glibc.close(upstream)
        _ = Glibc.close(client)
        continue
      }
      let number = state.withLock { state in
        state.connections += 1
        state.pairs[state.connections] = (client, upstream)
        return state.connections
      }
      let pair = Pair(proxy: self, number: number, client: client, server: upstream)
      Thread.detachNewThread { pair.forward() }
      Thread.detachNewThread { pair.backward() }
    }
    _ = Glibc.close(listener)
  }

  private final class Pair: Sendable {
    let proxy: FaultProxy
    let number: Int
    let client: Int32
    let server: Int32
    private let isDoomed = Atomic<Bool>(false)
    private let ended = Atomic<Int>(0)

    init(proxy: FaultProxy, number: Int, client: Int32, server: Int32) {
      self.proxy = proxy
      self.number = number
      self.client = client
      self.server = server
    }

    func forward() {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = recv(client, &buffer, buffer.count, 0)
        guard count > 0 else { break }
        proxy.state.withLock { state in
          guard let needle = state.needle, buffer[..<count].contains(needle) else { return }
          state.needle = nil
          isDoomed.store(true, ordering: .sequentiallyConsistent)
        }
        guard write(buffer[..<count], to: server) else { break }
      }
      end()
    }

    func backward() {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while true {
        let count = recv(server, &buffer, buffer.count, 0)
        guard count > 0 else { break }
        if isDoomed.load(ordering: .sequentiallyConsistent) {
          let resumed = proxy.state.withLock { state in
            state.cuts += 1
            let cuts = state.cuts
            let due = state.waiters.filter { $0.0 <= cuts }
            state.waiters.removeAll { $0.0 <= cuts }
            return due
          }
          shutdown(client, Int32(SHUT_RDWR))
          for waiter in resumed { waiter.1.resume() }
          break
        }
        while proxy.state.withLock({ $0.isFrozen && $0.pairs[number] != nil }) { usleep(1000) }
        guard write(buffer[..<count], to: client) else { break }
      }
      end()
    }

    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
      var rest = bytes
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes {
          send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }

    private func end() {
      shutdown(client, Int32(SHUT_RDWR))
      shutdown(server, Int32(SHUT_RDWR))
      proxy.state.withLock { $0.pairs[number] = nil }
      guard ended.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue == 2 else { return }
      _ = Glibc.close(client)
      _ = Glibc.close(server)
    }
  }

  /// A child of a test must not keep a connection open.
  private static let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

  private static func check(_ result: Int32) throws {
    guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }

  private static func withAddress(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}

extension FaultProxy {
  /// A proxy in front of a test's server.
  package convenience init(before server: TestCluster) throws {
    let words = server.cluster.connectionString(for: .superuser).split(separator: " ")
    let host = words.first { $0.hasPrefix("host=") } ?? ""
    try self.init(to: String(host.dropFirst("host=".count).filter { $0 != "'" }))
  }
}
