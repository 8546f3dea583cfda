internal import CEpoll
internal import Glibc

/// Who is at the other end of a Unix socket, as the kernel recorded it at `connect(2)` (at
/// `listen(2)` when the other end is the server). The descriptor may have been handed on since.
package struct PeerCredentials: Hashable, Sendable {
  package let userID: UInt32
  package let groupID: UInt32
  /// For logs only: numbers are used again.
  package let processID: Int32
  /// The supplementary groups, in the kernel's order.
  package let supplementaryGroups: [UInt32]

  package init(
    userID: UInt32, groupID: UInt32, processID: Int32, supplementaryGroups: [UInt32] = []
  ) {
    self.userID = userID
    self.groupID = groupID
    self.processID = processID
    self.supplementaryGroups = supplementaryGroups
  }

  /// Asks the kernel: `SO_PEERCRED` and `SO_PEERGROUPS`, unix(7) and socket(7).
  init(of descriptor: Int32) throws(SystemError) {
    var (user, group): (UInt32, UInt32) = (0, 0)
    var process: Int32 = 0
    guard unsafe cepoll_peer(descriptor, &user, &group, &process) == 0 else {
      throw .last("getsockopt SO_PEERCRED")
    }
    userID = user
    groupID = group
    processID = process
    supplementaryGroups = try Self.groups(of: descriptor)
  }

  private static func groups(of descriptor: Int32) throws(SystemError) -> [UInt32] {
    var groups = [UInt32](repeating: 0, count: 32)
    while true {
      let count = unsafe cepoll_peer_groups(descriptor, &groups, Int32(groups.count))
      guard count >= 0 else { throw .last("getsockopt SO_PEERGROUPS") }
      if count <= groups.count { return Array(groups.prefix(Int(count))) }
      // Once more: the kernel said how many there are, and the list of a peer is fixed.
      groups = [UInt32](repeating: 0, count: Int(count))
    }
  }
}
