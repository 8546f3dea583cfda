internal import Synchronization

/// Who has how many connections open.
final class ConnectionLedger: Sendable {
  private let byUser = Mutex<[UInt32: Int]>([:])
  private let maxPerUser: Int

  init(_ limits: ServerLimits) {
    maxPerUser = limits.maxConnectionsPerUser
  }

  /// Enters a connection. False when `user` has its share.
  func enter(_ user: UInt32) -> Bool {
    byUser.withLock { byUser in
      let open = byUser[user, default: 0]
      guard open < maxPerUser else { return false }
      byUser[user] = open + 1
      return true
    }
  }

  /// Strikes a connection out.
  func leave(_ user: UInt32) {
    byUser.withLock { byUser in
      let open = byUser[user, default: 0] - 1
      byUser[user] = open > 0 ? open : nil
    }
  }
}
