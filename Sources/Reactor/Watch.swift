internal import CEpoll

/// What to be told about a descriptor. Empty: nothing, not even errors.
package struct Interest: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let read = Interest(rawValue: EPOLLIN.rawValue)
  package static let write = Interest(rawValue: EPOLLOUT.rawValue)
  /// Hang-ups and errors only. Both are also reported to whoever asks to read or write.
  package static let hangup = Interest(rawValue: EPOLLHUP.rawValue)
}

/// What a descriptor is ready for. Level-triggered: told again every turn until acted upon.
package struct Readiness: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let read = Readiness(rawValue: EPOLLIN.rawValue)
  package static let write = Readiness(rawValue: EPOLLOUT.rawValue)
  /// Both directions are over: the peer is gone. What it sent may still be there to read.
  package static let hangup = Readiness(rawValue: EPOLLHUP.rawValue)
  package static let error = Readiness(rawValue: EPOLLERR.rawValue)
}

/// Who has something to close when a loop ends.
protocol WatchOwner: AnyObject {
  func loopEnds()
}

/// A descriptor that a loop observes, made by ``EventLoop/watch(descriptor:for:_:)``. Belongs to
/// the loop's thread. Does not own the descriptor: cancel the watch *before* closing it, or the
/// number may be another's by then.
package final class Watch {
  package let descriptor: Int32
  package private(set) var interest: Interest
  var handler: ((Readiness) -> Void)?
  /// Told when the loop ends before the watch does.
  var owner: (any WatchOwner)?
  let token: UInt64
  private let loop: EventLoop

  init(
    descriptor: Int32, interest: Interest, token: UInt64, loop: EventLoop,
    handler: @escaping (Readiness) -> Void
  ) {
    self.descriptor = descriptor
    self.interest = interest
    self.token = token
    self.loop = loop
    self.handler = handler
  }

  /// Changes what the handler is told; costs a system call only when it is a change.
  /// - Throws: what `epoll_ctl(2)` said, for instance `EBADF` when the descriptor was closed.
  package func update(_ interest: Interest) throws(SystemError) {
    guard handler != nil, interest != self.interest else { return }
    if interest.isEmpty {
      try loop.poller.remove(descriptor)
    } else if self.interest.isEmpty {
      try loop.poller.add(descriptor, interest, token)
    } else {
      try loop.poller.modify(descriptor, interest, token)
    }
    self.interest = interest
  }

  /// Ends the observation and frees the handler. Twice is not an error.
  package func cancel() {
    guard handler != nil else { return }
    handler = nil
    owner = nil
    loop.forget(self)
    guard !interest.isEmpty else { return }
    interest = []
    // Fails only when the descriptor was closed before, and then the kernel forgot it by itself.
    try? loop.poller.remove(descriptor)
  }
}
