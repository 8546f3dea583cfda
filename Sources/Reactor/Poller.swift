internal import CEpoll
internal import Glibc

/// The epoll instance of one loop and the eventfd that wakes it.
@safe struct Poller: ~Copyable {
  /// Reported for the wake-up itself; watches count from 1 up.
  static let wakeToken: UInt64 = 0
  /// Most events taken from the kernel in one turn.
  static let maxEvents: Int32 = 256

  private let epoll: Descriptor
  private let wakeUp: Descriptor
  private let events: UnsafeMutablePointer<epoll_event>

  init() throws(SystemError) {
    let epoll = try Descriptor(checking: epoll_create1(Int32(EPOLL_CLOEXEC)), "epoll_create1")
    let wakeUp = try Descriptor(
      checking: eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)), "eventfd")
    // Edge-triggered, so that nobody ever has to read the counter: each write is a new edge.
    try Self.control(
      epoll.raw, EPOLL_CTL_ADD, wakeUp.raw, EPOLLIN.rawValue | EPOLLET.rawValue, Self.wakeToken)
    self.epoll = epoll
    self.wakeUp = wakeUp
    unsafe events = .allocate(capacity: Int(Self.maxEvents))
  }

  deinit {
    unsafe events.deallocate()
  }

  /// Ends a ``wait(milliseconds:)``, now or the next one. Any thread.
  func wake() {
    // Fails only with EAGAIN at 2^64 - 2 unread wake-ups, and then the edge is there already.
    _ = eventfd_write(wakeUp.raw, 1)
  }

  /// Waits for events; at most `milliseconds`, -1 for ever. An interruption counts as no event.
  func wait(milliseconds: Int32) -> Int {
    let count = unsafe epoll_wait(epoll.raw, events, Self.maxEvents, milliseconds)
    guard count < 0 else { return Int(count) }
    let code = errno
    precondition(code == EINTR, "epoll_wait: \(SystemError(errno: code, operation: "epoll_wait"))")
    return 0
  }

  /// One of the events of the last wait.
  func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
    let event = unsafe events[index]
    return unsafe (event.data.u64, Readiness(rawValue: event.events))
  }

  func add(_ descriptor: Int32, _ interest: Interest, _ token: UInt64) throws(SystemError) {
    try Self.control(epoll.raw, EPOLL_CTL_ADD, descriptor, interest.rawValue, token)
  }

  func modify(_ descriptor: Int32, _ interest: Interest, _ token: UInt64) throws(SystemError) {
    try Self.control(epoll.raw, EPOLL_CTL_MOD, descriptor, interest.rawValue, token)
  }

  func remove(_ descriptor: Int32) throws(SystemError) {
    try Self.control(epoll.raw, EPOLL_CTL_DEL, descriptor, 0, 0)
  }

  private static func control(
    _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ token: UInt64
  ) throws(SystemError) {
    var event = unsafe epoll_event()
    unsafe event.events = events
    unsafe event.data.u64 = token
    guard unsafe epoll_ctl(epoll, operation, descriptor, &event) == 0 else {
      throw .last("epoll_ctl")
    }
  }
}
