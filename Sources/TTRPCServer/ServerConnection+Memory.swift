internal import Logging
internal import Reactor
internal import TTRPC

/// The books about what a connection keeps in memory.
extension ServerConnection {
  /// Enters what has arrived and was not acted on, and starts the clock of a frame that has arrived
  /// in part. Without room for it that frame is refused (K16).
  func noteUnread(_ bytes: Span<UInt8>) {
    if !isPaused { notePending(bytes, at: position) }
    guard !reserve(bytes.count - position) else { return }
    guard !isPaused, let header = decoder.pendingHeader(in: bytes, at: position) else {
      // Whole frames wait, on each other and on calls that run: there is no single one to refuse.
      log("closing: there is no memory for what waits unread", level: .warning)
      finish(within: limits.halfClosedTime)
      return
    }
    progress.frameRefused(length: Int(header.dataLength), at: loop.now)
    skip(header)
    var (decoder, offset) = (decoder, position)
    _ = decoder.next(in: bytes, at: &offset)
    (self.decoder, position) = (decoder, offset)
    releaseReservation()
    refuse(header, .noRoomForFrame)
  }

  private func notePending(_ bytes: Span<UInt8>, at offset: Int) {
    socket.awaitedBytes = 0
    guard decoder.bytesToSkip == 0 else { return }
    if bytes.count == offset {
      progress.frameEnded()
    } else if let header = decoder.pendingHeader(in: bytes, at: offset) {
      socket.awaitedBytes = FrameHeader.byteCount + Int(header.dataLength)
      progress.bodyPending(length: Int(header.dataLength), at: loop.now)
    } else {
      progress.headerPending(at: loop.now)
    }
  }

  /// Reserves for `count` bytes in all. False, and nothing changed, when there is no room.
  private func reserve(_ count: Int) -> Bool {
    let wanted = count > InboundBudget.freeBytes ? count : 0
    guard wanted > reservedBytes else {
      releaseReservation(downTo: wanted)
      return true
    }
    let budget = shard.server.inbound
    guard budget.reserve(wanted - reservedBytes, for: caller.peer.userID) else { return false }
    reservedBytes = wanted
    return true
  }

  func releaseReservation(downTo rest: Int = 0) {
    guard reservedBytes > rest else { return }
    shard.server.inbound.release(reservedBytes - rest, for: caller.peer.userID)
    reservedBytes = rest
  }

  /// Enters what waits for the client; after everything that changes it.
  func countOutput() {
    let unsent = socket.isOpen ? socket.unsentBytes : 0
    guard unsent != countedOutput else { return }
    let before = countedOutput
    countedOutput = unsent
    shard.outputChanged(from: before, to: unsent)
  }
}

extension RPCError {
  static let noRoomForFrame = RPCError(
    .resourceExhausted, "the server has no memory for a frame of this length now",
    details: [
      .quotaFailure([
        QuotaViolation(subject: "server", description: "bytes of arriving frames")
      ])
    ])
}
