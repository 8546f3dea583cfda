internal import CEpoll
internal import Glibc
internal import Synchronization

/// The signals a server acts upon.
package struct Signal: Hashable, Sendable, CustomStringConvertible {
  package let number: Int32
  package init(number: Int32) { self.number = number }

  package static let terminate = Signal(number: SIGTERM)
  package static let interrupt = Signal(number: SIGINT)
  package static let hangup = Signal(number: SIGHUP)
  package static let quit = Signal(number: SIGQUIT)
  package static let kill = Signal(number: SIGKILL)
  package static let user1 = Signal(number: SIGUSR1)
  package static let user2 = Signal(number: SIGUSR2)

  package var description: String {
    guard let name = unsafe cepoll_signal_name(number) else { return "signal \(number)" }
    return unsafe "SIG" + String(cString: name)
  }

  /// Ignores SIGPIPE in the whole process, for the sake of libraries that write without
  /// `MSG_NOSIGNAL`. For programs; a library leaves its process alone.
  package static func ignoreBrokenPipes() throws(SystemError) {
    let code = cepoll_ignore_broken_pipes()
    guard code == 0 else { throw SystemError(errno: code, operation: "sigaction SIGPIPE") }
  }
}

/// Brings signals of the process to a loop. A handler writes to an eventfd, which works whatever
/// threads there are and whatever they block; `signalfd(2)` would need every one of them to block.
/// It lasts until ``cancel()``, which puts back what was before.
// SAFETY: `entries` belongs to the loop's thread; entry points check it.
package final class SignalWatch: @unchecked Sendable {
  private let loop: EventLoop
  private var entries: [(signal: Signal, watch: Watch)] = []

  /// Calls `handler` on the loop, once for however many of a signal arrived since the last turn.
  /// Only on the loop.
  /// - Throws: `EBUSY` for a signal that is watched already, `EINVAL` for one that cannot be.
  package init(
    _ signals: [Signal], on loop: EventLoop, _ handler: @escaping (Signal) -> Void
  ) throws(SystemError) {
    loop.expectCurrent()
    self.loop = loop
    do throws(SystemError) {
      for signal in signals { try add(signal, handler) }
    } catch {
      cancel()
      throw error
    }
  }

  /// What becomes of the signals when nobody reads their sequence any more.
  package enum Ending: Sendable {
    /// What was before is put back.
    case restored
    /// They stay caught and go nowhere: a process that is ending anyway is not ended by one more.
    case caughtForGood
  }

  /// The signals as a sequence that ends when the task that reads it is cancelled.
  package static func sequence(
    of signals: [Signal], on loop: EventLoop, then ending: Ending = .restored
  ) async throws(SystemError) -> AsyncStream<Signal> {
    let (stream, continuation) = AsyncStream.makeStream(of: Signal.self)
    try await loop.run { () async throws(SystemError) in
      let watch = try SignalWatch(signals, on: loop) { continuation.yield($0) }
      continuation.onTermination = { _ in
        guard ending == .restored else { return }
        loop.submit { watch.cancel() }
      }
    }
    return stream
  }

  /// Ends it. Twice is not an error.
  package func cancel() {
    loop.expectCurrent()
    for (signal, watch) in entries {
      cepoll_release_signal(signal.number)
      watch.cancel()
    }
    entries = []
  }

  private func add(
    _ signal: Signal, _ handler: @escaping (Signal) -> Void
  ) throws(SystemError) {
    // Stays open for good: a handler that is just running on another thread may still write to it.
    let descriptor = cepoll_catch_signal(signal.number)
    guard descriptor >= 0 else {
      throw SystemError(errno: -descriptor, operation: "catch \(signal)")
    }
    do throws(SystemError) {
      let watch = try loop.watch(descriptor: descriptor, for: .read) { _ in
        var count: eventfd_t = 0
        guard unsafe eventfd_read(descriptor, &count) == 0 else { return }
        handler(signal)
      }
      entries.append((signal, watch))
    } catch {
      cepoll_release_signal(signal.number)
      throw error
    }
  }
}
