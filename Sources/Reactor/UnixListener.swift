internal import CEpoll
internal import Glibc

/// A Unix socket that listens at a path, with a lock file beside it for as long as it lives.
///
/// Descriptors that a client tries to send along (SCM_RIGHTS) are closed by the kernel, because
/// ``StreamSocket`` reads without room for them.
// SAFETY: all mutable state belongs to the loop's thread; entry points check it.
package final class UnixListener: @unchecked Sendable {
  /// Connections taken per turn, so that a flood of them does not starve those that are there.
  private static let maxAcceptsPerTurn = 64
  /// How long to leave the queue alone when the kernel has no memory or no descriptor at all.
  private static let pause = Duration.milliseconds(100)

  package let path: String
  package let loop: EventLoop
  /// Connections closed at once because the process had no descriptor left.
  package private(set) var refusedConnections: UInt64 = 0

  private let onAccept: (AcceptedSocket) -> Void
  private let lock: FileLock
  private let identity: FileIdentity
  private var descriptor: Int32
  private var spare: Int32
  private var watch: Watch?
  private var retry: LoopTimer?
  private var isPaused = false

  /// Listens at `path` and calls `onAccept` on `loop` for each connection. Only on the loop. A socket
  /// that a dead server left is replaced, a live one respected. The order bind, chmod, listen leaves
  /// no moment in which anybody could connect with other permissions.
  /// - Parameters:
  ///   - permissions: of the socket's file, e.g. `0o660`; connecting needs the write bit.
  ///   - group: the file's group, if not the process's own.
  ///   - backlog: connections that may wait to be accepted; the kernel cuts it to `somaxconn`.
  package static func bind(
    path: String, permissions: UInt16, group: UInt32? = nil, on loop: EventLoop,
    backlog: Int32 = 1024, onAccept: @escaping (AcceptedSocket) -> Void
  ) throws(ListenError) -> UnixListener {
    loop.expectCurrent()
    let place = try SocketPath(path)
    let lock: FileLock
    do throws(FileLockError) {
      lock = try FileLock(path: place.lockPath)
    } catch {
      switch error {
      case .held(_, let processID): throw .inUse(path: path, processID: processID)
      case .system(let error): throw .system(error)
      }
    }
    try place.removeStale()
    do throws(SystemError) {
      return try UnixListener(
        place.address, lock, permissions, group, loop, backlog, onAccept)
    } catch {
      throw .system(error)
    }
  }

  private init(
    _ address: SocketAddress, _ lock: FileLock, _ permissions: UInt16, _ group: UInt32?,
    _ loop: EventLoop, _ backlog: Int32, _ onAccept: @escaping (AcceptedSocket) -> Void
  ) throws(SystemError) {
    let socket = try SocketAddress.makeSocket()
    guard unsafe address.withSockaddr({ unsafe Glibc.bind(socket.raw, $0, $1) }) == 0 else {
      throw .last("bind \(address.path)")
    }
    do throws(SystemError) {
      if let group, unsafe lchown(address.path, uid_t.max, group) != 0 {
        throw SystemError.last("chown \(address.path)")
      }
      guard unsafe chmod(address.path, mode_t(permissions)) == 0 else {
        throw SystemError.last("chmod \(address.path)")
      }
      guard let identity = FileIdentity(at: address.path) else {
        throw SystemError.last("look at \(address.path)")
      }
      guard listen(socket.raw, backlog) == 0 else {
        throw SystemError.last("listen \(address.path)")
      }
      self.identity = identity
      self.spare = try Self.openSpare().release()
    } catch {
      _ = unsafe unlink(address.path)
      throw error
    }
    self.path = address.path
    self.lock = lock
    self.loop = loop
    self.onAccept = onAccept
    self.descriptor = socket.release()
    do throws(SystemError) {
      watch = try loop.watch(descriptor: descriptor, for: .read) { _ in self.acceptWaiting() }
    } catch {
      close()
      throw error
    }
  }

  /// Leaves new connections in the backlog, for a server at its limit. See ``resumeAccepting()``.
  package func pauseAccepting() {
    loop.expectCurrent()
    isPaused = true
    updateInterest()
  }

  package func resumeAccepting() {
    loop.expectCurrent()
    isPaused = false
    updateInterest()
  }

  /// Ends listening for good and removes the file (if it is still ours): who connects now is refused
  /// and can look for the next server. The lock is kept until ``close()``. Twice is not an error.
  package func stop() {
    loop.expectCurrent()
    guard descriptor >= 0 else { return }
    retry?.cancel()
    retry = nil
    watch?.cancel()
    watch = nil
    // Nothing to do about a failure: a server that starts next finds nobody listening, and replaces.
    if FileIdentity(at: path) == identity { _ = unsafe unlink(path) }
    _ = Glibc.close(descriptor)
    descriptor = -1
    if spare >= 0 { _ = Glibc.close(spare) }
    spare = -1
  }

  /// ``stop()``, and lets the next server in. Twice is not an error.
  package func close() {
    stop()
    lock.release()
  }

  deinit {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    if spare >= 0 { _ = Glibc.close(spare) }
  }

  // MARK: Accepting

  private func acceptWaiting() {
    for _ in 0..<Self.maxAcceptsPerTurn where descriptor >= 0 && !isPaused && retry == nil {
      let accepted = cepoll_accept(descriptor)
      guard accepted >= 0 else {
        switch errno {
        case EAGAIN: return
        case EINTR, ECONNABORTED: continue
        case EMFILE, ENFILE: refuseOne()
        default: backOff()
        }
        continue
      }
      do throws(SystemError) {
        onAccept(try AcceptedSocket(Descriptor(accepted)))
      } catch {
        // Who hides from SO_PEERCRED is nobody: the socket is closed by now.
        refusedConnections += 1
      }
    }
  }

  /// Out of descriptors: the spare one makes room to take one connection and close it, so that its
  /// client learns it and the loop does not spin on a queue that never empties.
  private func refuseOne() {
    guard spare >= 0 else { return backOff() }
    _ = Glibc.close(spare)
    spare = -1
    let accepted = cepoll_accept(descriptor)
    if accepted >= 0 {
      _ = Glibc.close(accepted)
      refusedConnections += 1
    }
    do throws(SystemError) {
      spare = try Self.openSpare().release()
    } catch {
      // Someone else was faster. Back off until there is one.
      backOff()
    }
  }

  private func backOff() {
    guard retry == nil else { return }
    retry = loop.schedule(after: Self.pause) {
      self.retry = nil
      if self.spare < 0 {
        do throws(SystemError) {
          self.spare = try Self.openSpare().release()
        } catch {
          return self.backOff()
        }
      }
      self.updateInterest()
    }
    updateInterest()
  }

  private func updateInterest() {
    do throws(SystemError) {
      try watch?.update(isPaused || retry != nil ? [] : .read)
    } catch {
      // ENOMEM, or no watch left to give: try again.
      if retry == nil { backOff() }
    }
  }

  private static func openSpare() throws(SystemError) -> Descriptor {
    try Descriptor(
      checking: unsafe cepoll_open("/dev/null", O_RDONLY | O_CLOEXEC, 0), "open /dev/null")
  }
}
