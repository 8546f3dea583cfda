internal import Synchronization

/// Memory for frames that have arrived in part, shared by all connections. Small frames are free:
/// only what lies above ``freeBytes`` is counted, so the lock is rarely taken.
final class InboundBudget: Sendable {
  /// Bytes of a partial frame that nobody counts.
  static let freeBytes = 64 << 10

  private struct State {
    var total = 0
    var byUser: [UInt32: Int] = [:]
  }

  private let state = Mutex(State())
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
