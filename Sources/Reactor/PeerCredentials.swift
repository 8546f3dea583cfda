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
    var credentials = cepoll_credentials()
    let code = unsafe cepoll_peer_credentials(descriptor, &credentials)
    guard code == 0 else { throw SystemError(errno: code, operation: "getsockopt SO_PEERCRED") }
    userID = credentials.user
    groupID = credentials.group
    processID = credentials.process
    supplementaryGroups = try Self.groups(of: descriptor)
  }

  private static func groups(of descriptor: Int32) throws(SystemError) -> [UInt32] {
    var groups = [UInt32](repeating: 0, count: 32)
    // Twice at most: the kernel says how much room it wants, and the list of a peer is fixed.
    for _ in 0..<2 {
      var length = socklen_t(groups.count * MemoryLayout<UInt32>.stride)
      if unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &groups, &length) == 0 {
        return Array(groups.prefix(Int(length) / MemoryLayout<UInt32>.stride))
      }
      // ENODATA: a socket without recorded groups. ENOPROTOOPT: Linux before 4.13.
      if errno == ENODATA || errno == ENOPROTOOPT { return [] }
      guard errno == ERANGE else { break }
      groups = [UInt32](repeating: 0, count: Int(length) / MemoryLayout<UInt32>.stride)
    }
    throw .last("getsockopt SO_PEERGROUPS")
  }
}
