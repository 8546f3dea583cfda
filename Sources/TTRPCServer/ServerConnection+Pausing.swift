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

  /// Whether a frame may be acted on before the calls that are decoded and not started: only a new
  /// stream cannot concern one of them. They start now, unless the client takes no answers.
  func mayFollow(_ header: FrameHeader) -> Bool {
    guard header.type != .request || header.streamID <= streams.lastID else { return true }
    runQueued()
    return queued.isEmpty
  }

  /// Whether there is room for what a frame asks for. A request above the limit of running handlers
  /// waits unread: refusing it would punish clients for calling many methods at once.
  func hasRoom(for header: FrameHeader) -> Bool {
    guard header.type == .request, running >= limits.maxRunningHandlers else { return true }
    runQueued()
    return running < limits.maxRunningHandlers || pause()
  }

  /// Whether a queued call may be started.
  var mayRunQueued: Bool {
    guard !queued.isEmpty, phase != .closed, socket.isOpen else { return false }
    return socket.unsentBytes < limits.outboundMark || pause()
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
    if !queued.isEmpty, starting == nil {
      // Not from within a handler that has just returned.
      loop.submit {
        self.runQueued()
        self.readOn()
      }
      return
    }
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
