package import Reactor

/// Who may call the daemon: an ordered list of callers and the Unix accounts they run as.
package struct AccessPolicy: Sendable {
  /// One entry: a caller and how to recognise its processes.
  package struct Entry: Sendable {
    /// User id its processes run as. Nil: any.
    package let uid: UInt32?
    /// A group its processes belong to, first or supplementary. Nil: any.
    package let gid: UInt32?
    package let principal: Principal

    package init(uid: UInt32?, gid: UInt32?, principal: Principal) {
      self.uid = uid
      self.gid = gid
      self.principal = principal
    }
  }

  /// The user id that the kernel shows for users it cannot map into our namespace: nobody in
  /// particular, so never a caller.
  package static let overflowID: UInt32 = 65534

  package let entries: [Entry]

  package init(entries: [Entry]) { self.entries = entries }

  /// The policy without a file: root and the daemon's own user, as `admin`.
  package static func ownUser(_ uid: UInt32) -> AccessPolicy {
    let root = Entry(uid: 0, gid: nil, principal: Principal(name: "root", roles: [.admin]))
    let own = Entry(uid: uid, gid: nil, principal: Principal(name: "owner", roles: [.admin]))
    return AccessPolicy(entries: uid == 0 ? [root] : [root, own])
  }

  /// The principal of the first entry that fits a process. An entry with user and group wants both.
  package func principal(of peer: PeerCredentials) -> Principal? {
    guard peer.userID != Self.overflowID, peer.userID != .max else { return nil }
    return entries.first { entry in
      (entry.uid.map { $0 == peer.userID } ?? true)
        && (entry.gid.map { $0 == peer.groupID || peer.supplementaryGroups.contains($0) } ?? true)
    }?.principal
  }
}
