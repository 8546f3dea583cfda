internal import CCurl
internal import Reactor

/// Owns one `CURLM`, which `curl_multi_cleanup` ends, and drives it from a loop: libcurl says which
/// sockets and which time to wait for, the loop says when it is so.
///
/// Belongs to the loop's thread. libcurl must not be told to add or remove anything from within its
/// own calls; what callbacks find out is acted upon behind them.
@safe
final class CurlMulti {
  private let loop: EventLoop
  private let raw: UnsafeMutableRawPointer
  private var watches: [Int32: Watch] = [:]
  /// Fires at `timerDue`, which may be sooner than libcurl wants by now; then it is set again.
  private var timer: LoopTimer?
  private var timerDue = MonotonicInstant.distantFuture
  private var due = MonotonicInstant.distantFuture
  private var isKickScheduled = false
  private var isClosed = false

  /// Told when a transfer is over, which is then to be removed.
  var onDone: ((CurlEasy, CURLcode) -> Void)?
  /// Told when the sockets of a transfer cannot be watched. Not from within libcurl.
  var onUnwatchable: ((CurlEasy, SystemError) -> Void)?

  /// - Parameters:
  ///   - maxConnections: kept open, used or not.
  init(loop: EventLoop, maxConnections: Int) throws(LibcurlError) {
    guard CurlLibrary.isReady, let raw = unsafe curl_multi_init() else {
      throw LibcurlError(description: "libcurl does not start")
    }
    self.loop = loop
    unsafe self.raw = unsafe raw
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    let codes = unsafe [
      ccurl_multi_set_long(raw, CURLMOPT_MAXCONNECTS, maxConnections),
      ccurl_multi_set_context(raw, CURLMOPT_SOCKETDATA, context),
      ccurl_multi_set_socket_watcher(raw) { easy, socket, what, context, _ in
        guard let context = unsafe context else { return 0 }
        let multi = unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue()
        unsafe multi.watch(socket, what, for: easy)
        // Anything else would be the end of this multi and all its transfers.
        return 0
      },
      ccurl_multi_set_context(raw, CURLMOPT_TIMERDATA, context),
      ccurl_multi_set_timer(raw) { _, milliseconds, context in
        guard let context = unsafe context else { return 0 }
        let multi = unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue()
        multi.setTimer(milliseconds)
        return 0
      },
    ]
    guard codes.allSatisfy({ $0 == CURLM_OK }) else {
      throw LibcurlError(description: "libcurl does not know an option of its multi interface")
    }
  }

  deinit {
    if !isClosed { unsafe curl_multi_cleanup(raw) }
  }

  /// Closes all connections. Only when no transfer is left. Twice is not an error.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    for watch in watches.values { watch.cancel() }
    watches = [:]
    timer?.cancel()
    timer = nil
    onDone = nil
    onUnwatchable = nil
    unsafe curl_multi_cleanup(raw)
  }

  /// Starts a transfer, at the end of this turn of the loop. False when libcurl refuses it.
  func add(_ easy: CurlEasy) -> Bool {
    unsafe curl_multi_add_handle(raw, easy.raw) == CURLM_OK
  }

  /// Ends a transfer, whatever it has come to. One that is not over takes its connection with it.
  func remove(_ easy: CurlEasy) {
    // Fails only for what is not a handle of ours.
    _ = unsafe curl_multi_remove_handle(raw, easy.raw)
  }

  // MARK: Sockets

  private func watch(_ socket: Int32, _ what: Int32, for easy: UnsafeMutableRawPointer?) {
    let interest: Interest
    switch what {
    case CURL_POLL_IN: interest = .read
    case CURL_POLL_OUT: interest = .write
    case CURL_POLL_INOUT: interest = [.read, .write]
    default:
      watches.removeValue(forKey: socket)?.cancel()
      return
    }
    if interest.contains(.read) { unsafe CurlEasy.owner(of: easy)?.transfer?.isListening() }
    do throws(SystemError) {
      if let watch = watches[socket] {
        try watch.update(interest)
      } else {
        watches[socket] = try loop.watch(descriptor: socket, for: interest) { [unowned self] in
          ready(socket, $0)
        }
      }
    } catch {
      guard let easy = unsafe CurlEasy.owner(of: easy) else { return }
      loop.atEndOfTurn { self.onUnwatchable?(easy, error) }
    }
  }

  private func ready(_ socket: Int32, _ readiness: Readiness) {
    var events: Int32 = 0
    // Who was hung up on learns it by reading or writing.
    let isOver = readiness.contains(.hangup) || readiness.contains(.error)
    if readiness.contains(.read) || isOver { events |= CURL_CSELECT_IN }
    if readiness.contains(.write) || isOver { events |= CURL_CSELECT_OUT }
    if readiness.contains(.error) { events |= CURL_CSELECT_ERR }
    act(socket, events)
  }

  private func act(_ socket: Int32, _ events: Int32) {
    guard !isClosed else { return }
    var running: Int32 = 0
    // Fails only for arguments that are none.
    _ = unsafe curl_multi_socket_action(raw, socket, events, &running)
    var left: Int32 = 0
    while let message = unsafe curl_multi_info_read(raw, &left) {
      // The message is gone once its transfer is removed.
      let (handle, code) = unsafe (message.pointee.easy_handle, message.pointee.data.result)
      if let easy = unsafe CurlEasy.owner(of: handle) { onDone?(easy, code) }
    }
  }

  // MARK: Time

  private func setTimer(_ milliseconds: Int) {
    guard milliseconds != 0 else { return kickAtEndOfTurn() }
    // Not the turn's time: libcurl takes no notice of a time that has not come by its own clock.
    due =
      milliseconds < 0
      ? .distantFuture : .now().advanced(by: .milliseconds(milliseconds))
    setTimer()
  }

  private func setTimer() {
    guard due < timerDue else { return }
    timer?.cancel()
    timerDue = due
    timer = loop.schedule(at: due) { self.fire() }
  }

  private func fire() {
    timer = nil
    timerDue = .distantFuture
    guard due <= loop.now else { return setTimer() }
    due = .distantFuture
    act(CURL_SOCKET_TIMEOUT, 0)
    // libcurl does not repeat itself if its clock, unlike the loop's, stood still with the machine.
    var milliseconds = 0
    guard !isClosed, due == .distantFuture,
      unsafe curl_multi_timeout(raw, &milliseconds) == CURLM_OK
    else { return }
    setTimer(milliseconds)
  }

  /// All that was added in this turn begins at its end, at once.
  private func kickAtEndOfTurn() {
    guard !isKickScheduled else { return }
    isKickScheduled = true
    loop.atEndOfTurn {
      self.isKickScheduled = false
      self.act(CURL_SOCKET_TIMEOUT, 0)
    }
  }
}
