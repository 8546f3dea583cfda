internal import Reactor

/// Memory for what has arrived and is not acted on, shared by all connections: frames in part, and
/// whole ones on a connection that is not read. Few bytes are free, so the lock is rarely taken.
final class InboundBudget: Sendable {
  /// Up to here the bytes of a connection are not counted; beyond it all of them are.
  static let freeBytes = 4 << 10

  private struct State {
    var total = 0
    var byUser: [UInt32: Int] = [:]
  }

  private let state = Guarded(State())
  private let maxTotal: Int
  private let maxPerUser: Int

  init(_ limits: ServerLimits) {
    maxTotal = limits.maxInboundBytes
    maxPerUser = limits.maxInboundBytesPerUser
  }

  /// Takes `bytes` for `user`. False, and nothing taken, when there is no room.
  func reserve(_ bytes: Int, for user: UInt32) -> Bool {
    state.withLock { state in
      let mine = state.byUser[user, default: 0]
      guard state.total + bytes <= maxTotal, mine + bytes <= maxPerUser else { return false }
      state.total += bytes
      state.byUser[user] = mine + bytes
      return true
    }
  }

  /// Gives `bytes` of `user` back.
  func release(_ bytes: Int, for user: UInt32) {
    state.withLock { state in
      state.total -= bytes
      let mine = state.byUser[user, default: 0] - bytes
      state.byUser[user] = mine > 0 ? mine : nil
    }
  }

  /// Bytes taken now.
  var reserved: Int { state.withLock { $0.total } }
}
