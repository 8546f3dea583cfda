internal import CEpoll
internal import Glibc

/// A connected Unix stream socket that lives on one loop.
///
/// Reads go into the loop's buffer and are shown to the delegate there. What is appended in
/// ``withOutput(_:)`` during a turn leaves in one write at its end, after ``flush()``. An idle socket
/// keeps no buffers. The loop keeps the socket, and the socket its delegate, until it is closed.
// SAFETY: every method and the mutable state belong to the loop's thread; entry points check it.
@safe package final class StreamSocket: WatchOwner, @unchecked Sendable {
  /// Most bytes that a delegate may leave unconsumed; a stream beyond it is closed with `EMSGSIZE`.
  package static let defaultMaxUnconsumedBytes = 16 * 1024 * 1024
  /// Carried-over bytes up to this size are put in front of the next read in the loop's buffer.
  private static let maxCarriedBytes = EventLoop.readBufferSize / 2
  /// Sent bytes at the front of `storage` that are worth moving the rest for.
  private static let compactionThreshold = 256 * 1024
  /// Reads granted to a peer that hears nothing any more and goes on talking.
  private static let maxLastReads = 256

  package let loop: EventLoop
  package let peer: PeerCredentials
  /// See ``defaultMaxUnconsumedBytes``.
  package var maxUnconsumedBytes = StreamSocket.defaultMaxUnconsumedBytes
  /// How many bytes the delegate needs to go on, as far as it knows. Once half of them is there, all get
  /// room, so that a doubling does not take much more.
  package var awaitedBytes = 0
  /// Whether a peer that is gone is noticed while reading is paused: the socket is closed then, and
  /// what the peer sent is lost. Otherwise all of that is read first, whenever reading goes on.
  package var closesOnHangup = false {
    didSet { updateInterest() }
  }
  /// Behind this one in the loop's list.
  var nextToFlush: StreamSocket?

  // Private, and `storage` and `leftover` taken out while others look at them: a member that is lent
  // to unknown code has every access of it checked for exclusivity, and there are several a call.
  private var descriptor: Int32
  private var watch: Watch?
  private var delegate: (any StreamSocketDelegate)?
  /// The last `unsent` of it are to be sent.
  private var storage: [UInt8] = []
  private var unsent = 0
  private var sent: UInt64 = 0
  private var leftover: [UInt8] = []
  /// What the delegate is being shown.
  private var arrived: UnsafeBufferPointer<UInt8>?
  private var writeError: SystemError?

  private var isReadingPaused = false
  private var sawEndOfInput = false
  private var isFlushScheduled = false
  private var isBlocked = false
  private var isFinishing = false
  private var isFinished = false
  private var isPresentationScheduled = false

  /// Makes `socket` live on the loop whose thread this is.
  package convenience init(_ socket: AcceptedSocket) {
    guard let loop = EventLoop.current else {
      preconditionFailure("a StreamSocket is made on the thread of its loop")
    }
    self.init(socket, on: loop)
  }

  /// Makes `socket` live on `loop`, on whose thread the caller must be.
  package init(_ socket: AcceptedSocket, on loop: EventLoop) {
    loop.expectCurrent()
    self.loop = loop
    peer = socket.peer
    descriptor = socket.take()
  }

  deinit {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
  }

  /// Connects to the server at `path`. A server whose backlog is full is asked again until the
  /// deadline.
  /// - Throws: `ENOENT` or `ECONNREFUSED` when nobody listens, `ETIMEDOUT` when the deadline passed,
  ///   `ECANCELED` when the task was cancelled, and whatever else `connect(2)` says.
  package static func connect(
    path: String, on loop: EventLoop, deadline: Deadline
  ) async throws(SystemError) -> StreamSocket {
    let address = try SocketAddress(path: path)
    return try await loop.run { () async throws(SystemError) -> StreamSocket in
      let socket = try await Connector.connect(to: address, on: loop, deadline: deadline)
      return StreamSocket(socket, on: loop)
    }
  }

  // MARK: Reading

  /// Begins to read, and tells `delegate` of everything from here on.
  /// - Throws: what `epoll_ctl(2)` said; the socket is closed then, and `delegate` not told.
  package func start(_ delegate: any StreamSocketDelegate) throws(SystemError) {
    loop.expectCurrent()
    precondition(watch == nil && descriptor >= 0, "a StreamSocket is started once")
    do throws(SystemError) {
      watch = try loop.watch(descriptor: descriptor, for: wantedInterest) { readiness in
        self.ready(readiness)
      }
    } catch {
      _ = Glibc.close(descriptor)
      descriptor = -1
      throw error
    }
    self.delegate = delegate
    watch?.owner = self
  }

  func loopEnds() {
    close(SystemError(errno: ECANCELED, operation: "keep a socket on a loop that ends"))
  }

  /// Stops reading: the kernel's buffer fills and the peer has to wait.
  package func pauseReading() {
    loop.expectCurrent()
    guard !isReadingPaused else { return }
    isReadingPaused = true
    updateInterest()
  }

  /// Reads again. Bytes left over come first, later in this turn.
  package func resumeReading() {
    loop.expectCurrent()
    guard isReadingPaused else { return }
    isReadingPaused = false
    updateInterest()
    // What is being shown may leave something too.
    guard unsafe !leftover.isEmpty || arrived != nil, !isPresentationScheduled, isOpen else {
      return
    }
    isPresentationScheduled = true
    loop.later {
      self.isPresentationScheduled = false
      self.presentLeftover()
    }
  }

  /// Lends the bytes that the delegate is being shown, to what runs below its `received(_:)` and
  /// cannot be handed a span: a task that it starts, up to its first suspension.
  package func withArrivedBytes<R, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> R
  ) throws(Failure) -> R {
    loop.expectCurrent()
    guard let bytes = unsafe arrived else { preconditionFailure("no bytes are being shown") }
    return try body(unsafe bytes.span)
  }

  /// Bytes that arrived and were not consumed.
  package var unconsumedBytes: Int { leftover.count }

  // MARK: Writing

  /// Lends the bytes to send: append, then ``flush()``. Do not touch what is there already, nor the
  /// socket meanwhile.
  package func withOutput<Failure: Error>(
    _ body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    var output: [UInt8] = []
    swap(&output, &storage)
    if output.capacity == 0 { output = loop.takeBuffer() }
    let before = output.count
    defer {
      precondition(storage.isEmpty, "the socket is not touched while its output is lent")
      unsent += output.count - before
      swap(&output, &storage)
    }
    try body(&output)
  }

  /// Bytes appended and not yet taken by the kernel. Whoever appends bounds it.
  package var unsentBytes: Int { unsent }

  /// Bytes taken by the kernel since the beginning: stands still while the peer does not read.
  package var totalBytesSent: UInt64 { sent }

  /// Sends what is waiting at the end of this turn. Cheap to call for every message.
  package func flush() {
    guard !isFlushScheduled else { return }
    loop.expectCurrent()
    isFlushScheduled = true
    loop.flushAtEndOfTurn(self)
  }

  /// Sends what is waiting without waiting for the end of the turn: for whoever must know now
  /// what the peer does not take.
  package func writeNow() {
    loop.expectCurrent()
    guard isOpen, !isBlocked, unsentBytes > 0 else { return }
    writeOut()
    if isBlocked { updateInterest() }
  }

  /// Ends our direction (`shutdown(2)`) once all output is sent. Append nothing after it.
  package func finishWriting() {
    loop.expectCurrent()
    guard !isFinishing else { return }
    isFinishing = true
    flush()
  }

  // MARK: Closing

  /// Whether neither side has closed the socket.
  package var isOpen: Bool { descriptor >= 0 }

  /// Closes at once; output that was not sent is lost. The delegate learns it later in this turn.
  package func close() {
    loop.expectCurrent()
    close(nil)
  }

  private func close(_ error: SystemError?) {
    guard descriptor >= 0 else { return }
    watch?.cancel()
    watch = nil
    // So that the peer learns it now, even if a child that is just being started holds a copy.
    _ = shutdown(descriptor, Int32(SHUT_RDWR))
    _ = Glibc.close(descriptor)
    descriptor = -1
    leftover = []
    storage = []
    unsent = 0
    guard let delegate else { return }
    self.delegate = nil
    loop.later { delegate.closed(error) }
  }

  // MARK: Events

  private var wantedInterest: Interest {
    if isBlocked { return canRead ? [.read, .write] : .write }
    if canRead { return .read }
    return hangupEnds ? .hangup : []
  }

  private var canRead: Bool { !isReadingPaused && !sawEndOfInput }

  /// Whether a hang-up is the end although nothing is read. A peer that has sent everything may
  /// still be there to hear the answers.
  private var hangupEnds: Bool { sawEndOfInput || closesOnHangup }

  private func updateInterest() {
    guard let watch else { return }
    do throws(SystemError) {
      try watch.update(wantedInterest)
    } catch {
      close(error)
    }
  }

  private func ready(_ readiness: Readiness) {
    if isBlocked, !readiness.isDisjoint(with: [.write, .error, .hangup]) {
      isBlocked = false
      writeOut()
      if isOpen, !isBlocked {
        updateInterest()
        if writeError == nil { delegate?.outputDrained() }
      }
    }
    // After a failed write `readRest` reads, or there would be two reads a turn.
    if isOpen, canRead, writeError == nil, !readiness.isDisjoint(with: [.read, .error, .hangup]) {
      _ = readOnce()
    }
    if isOpen, !canRead, hangupEnds, readiness.contains(.hangup) {
      close(
        writeError ?? (isFinished ? nil : SystemError(errno: EPIPE, operation: "peer closed")))
    }
  }

  /// Reads once, as level-triggered events come again. False when there is nothing more for now.
  private func readOnce() -> Bool {
    var kept: [UInt8] = []
    swap(&kept, &leftover)
    let carried = kept.count <= Self.maxCarriedBytes ? kept.count : 0
    let buffer = unsafe loop.readBuffer
    let count = unsafe recv(
      descriptor, buffer.baseAddress.unsafelyUnwrapped + carried, buffer.count - carried,
      Int32(MSG_DONTWAIT))
    guard count > 0 else {
      let error = count < 0 ? SystemError.last("read from socket") : nil
      swap(&kept, &leftover)
      guard let error else {
        inputEnded()
        return false
      }
      if error.errno != EAGAIN, error.errno != EINTR { close(error) }
      return false
    }
    if carried < kept.count {
      let fresh = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
      // What is behind them comes in the same read.
      let room = awaitedBytes + EventLoop.readBufferSize
      if kept.capacity < room, kept.count + count >= awaitedBytes / 2, kept.count < awaitedBytes {
        kept.reserveCapacity(room)
      }
      unsafe kept.append(contentsOf: fresh)
      swap(&kept, &leftover)
      presentLeftover()
      return true
    }
    if carried > 0 { unsafe kept.withUnsafeBytes { unsafe buffer.copyMemory(from: $0) } }
    let total = carried + count
    let bytes = unsafe UnsafeBufferPointer(
      start: buffer.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self),
      count: total)
    let consumed = unsafe present(bytes)
    guard isOpen else { return false }
    if consumed < total { unsafe keep(Array(bytes[consumed...])) }
    return true
  }

  private func presentLeftover() {
    guard isOpen, !leftover.isEmpty, !isReadingPaused else { return }
    var bytes: [UInt8] = []
    swap(&bytes, &leftover)
    let consumed = unsafe bytes.withUnsafeBufferPointer { unsafe present($0) }
    guard isOpen, consumed < bytes.count else { return }
    // A copy unless all of it is kept, as little may be left of much.
    keep(consumed == 0 ? bytes : Array(bytes[consumed...]))
  }

  /// Keeps what the delegate has not consumed.
  private func keep(_ bytes: consuming [UInt8]) {
    leftover = bytes
    guard leftover.count > maxUnconsumedBytes else { return }
    close(SystemError(errno: EMSGSIZE, operation: "keep \(leftover.count) unread bytes"))
  }

  private func present(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard let delegate else { return 0 }
    unsafe arrived = unsafe bytes
    defer { unsafe arrived = nil }
    let consumed = delegate.received(unsafe bytes.span)
    precondition(
      (0...bytes.count).contains(consumed), "received(_:) consumes between none and all bytes")
    return consumed
  }

  private func inputEnded() {
    if isPresentationScheduled { presentLeftover() }
    // Paused again: the end comes once more after what is still left.
    guard isOpen, !isReadingPaused else { return }
    sawEndOfInput = true
    if let writeError { return close(writeError) }
    if isFinished {
      delegate?.peerFinishedWriting()
      return close(nil)
    }
    updateInterest()
    if isOpen { delegate?.peerFinishedWriting() }
  }

  // MARK: Sending

  /// Called by the loop at the end of a turn.
  func flushNow() {
    isFlushScheduled = false
    guard isOpen else { return dropOutput() }
    guard !isBlocked else { return }
    writeOut()
    if isBlocked { updateInterest() }
  }

  private func writeOut() {
    if writeError != nil { return dropOutput() }
    let before = sent
    if unsentBytes > 0 { send() }
    guard isOpen, writeError == nil else { return }
    if unsentBytes == 0 {
      dropOutput()
      if isFinishing, !isFinished { finishNow() }
    }
    if sent > before { delegate?.outputTaken() }
  }

  /// Writes once. The socket is blocked when that left something.
  private func send() {
    let rest = unsentBytes
    var output: [UInt8] = []
    swap(&output, &storage)
    let count = unsafe output.withUnsafeBytes { bytes in
      unsafe Glibc.send(
        descriptor, bytes.baseAddress.unsafelyUnwrapped + bytes.count - rest, rest,
        Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }
    swap(&output, &storage)
    guard count >= 0 else {
      let error = SystemError.last("write to socket")
      guard error.errno == EAGAIN || error.errno == EINTR else { return writingFailed(error) }
      isBlocked = true
      return
    }
    sent += UInt64(count)
    unsent -= count
    isBlocked = unsentBytes > 0
    if isBlocked { compact() }
  }

  private func finishNow() {
    isFinished = true
    // ENOTCONN: the peer is gone already, which reading finds out.
    _ = shutdown(descriptor, Int32(SHUT_WR))
    if sawEndOfInput { close(nil) }
  }

  /// The peer takes nothing any more. What it sent before may be waiting and is read, unless nobody
  /// wants it; then the socket is closed.
  private func writingFailed(_ error: SystemError) {
    guard canRead, watch != nil else { return close(error) }
    writeError = error
    dropOutput()
    loop.later { self.readRest(error, reads: Self.maxLastReads) }
  }

  /// One read a turn, as for everybody; bounded, as the peer may go on talking for ever.
  private func readRest(_ error: SystemError, reads: Int) {
    guard reads > 0, isOpen, canRead, readOnce() else { return close(error) }
    loop.atEndOfTurn {
      self.loop.later { self.readRest(error, reads: reads - 1) }
    }
  }

  private func dropOutput() {
    unsent = 0
    guard storage.capacity > 0 else { return }
    var buffer: [UInt8] = []
    swap(&buffer, &storage)
    loop.giveBack(buffer)
  }

  private func compact() {
    let done = storage.count - unsent
    guard done >= Self.compactionThreshold, done >= storage.count / 2 else { return }
    var output: [UInt8] = []
    swap(&output, &storage)
    output.removeFirst(done)
    swap(&output, &storage)
  }
}
