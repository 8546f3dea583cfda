internal import Reactor
internal import TTRPC

/// When a connection is not read: then the kernel's buffer fills and the client waits.
extension ServerConnection {
  /// Whether the next frame may be looked at.
  var mayRead: Bool {
    guard isServing, socket.isOpen else { return false }
    if isStreamFull || socket.unsentBytes >= limits.outboundMark { return pause() }
    return true
  }

  /// Whether there is room for what a frame asks for. A request above the limit of running handlers
  /// waits unread: refusing it would punish clients for calling many methods at once.
  func hasRoom(for header: FrameHeader) -> Bool {
    guard header.type.rawValue == FrameType.request.rawValue, running >= limits.maxRunningHandlers
    else { return true }
    return pause()
  }

  /// Stops reading. ``readOn()`` is called when a handler returns, when a full stream has room, and
  /// when everything is sent.
  private func pause() -> Bool {
    if !isPaused {
      isPaused = true
      progress.pause()
      socket.pauseReading()
    }
    return false
  }

  /// Reads again, whatever stopped it.
  func resume() {
    guard isPaused else { return }
    isPaused = false
    progress.resume(at: loop.now)
    socket.resumeReading()
  }

  /// Goes on reading if whatever stopped it is over.
  func readOn() {
    guard socket.unsentBytes < limits.outboundMark else { return }
    guard isPaused, !isStreamFull, running < limits.maxRunningHandlers else { return }
    resume()
  }

  private var isStreamFull: Bool {
    guard let id = fullStream else { return false }
    if streams[id]?.call?.inbound?.isFull == true { return true }
    fullStream = nil
    return false
  }
}
