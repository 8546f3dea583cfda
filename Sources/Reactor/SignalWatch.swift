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
/// One watch per signal at a time; ``cancel()`` puts back what was before.
// SAFETY: `entries` belongs to the loop's thread; entry points check it.
package final class SignalWatch: @unchecked Sendable {
  private let loop: EventLoop
  private var entries: [(signal: Signal, descriptor: Int32, watch: Watch)] = []

  /// Calls `handler` on the loop, once for however many of a signal arrived since the last turn.
  /// Only on the loop.
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

  /// The signals as a sequence that ends when the task that reads it is cancelled.
  package static func sequence(
    of signals: [Signal], on loop: EventLoop
  ) async throws(SystemError) -> AsyncStream<Signal> {
    let (stream, continuation) = AsyncStream.makeStream(of: Signal.self)
    try await loop.run { () async throws(SystemError) in
      let watch = try SignalWatch(signals, on: loop) { continuation.yield($0) }
      continuation.onTermination = { _ in loop.submit { watch.cancel() } }
    }
    return stream
  }

  /// Ends it. Twice is not an error.
  package func cancel() {
    loop.expectCurrent()
    for (signal, descriptor, watch) in entries {
      // Cannot fail: the same call succeeded with this signal before.
      _ = cepoll_route_signal(signal.number, -1)
      watch.cancel()
      _ = Glibc.close(descriptor)
    }
    entries = []
  }

  private func add(
    _ signal: Signal, _ handler: @escaping (Signal) -> Void
  ) throws(SystemError) {
    let descriptor = try Descriptor(
      checking: eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)), "eventfd")
    let raw = descriptor.raw
    let watch = try loop.watch(descriptor: raw, for: .read) { _ in
      var count: eventfd_t = 0
      guard unsafe eventfd_read(raw, &count) == 0 else { return }
      handler(signal)
    }
    let code = cepoll_route_signal(signal.number, raw)
    guard code == 0 else {
      watch.cancel()
      throw SystemError(errno: code, operation: "sigaction \(signal)")
    }
    entries.append((signal, descriptor.release(), watch))
  }
}
