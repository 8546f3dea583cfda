package import Logging
package import Reactor
package import TTRPC

/// Where a server listens and whom it lets in.
package struct ServerConfiguration: Sendable {
  /// Path of the socket; a lock file `PATH.lock` is kept beside it.
  package var path: String
  /// Mode of the socket file: whoever may write may connect.
  package var permissions: UInt16 = 0o660
  /// Group of the socket file; nil: the process's own.
  package var group: UInt32? = nil
  /// Every bound.
  package var limits = ServerLimits()
  /// Says who a peer is. Called once per connection, on a loop: must not block.
  package var admission: @Sendable (PeerCredentials) -> Admission = { _ in
    .admitted(principal: nil)
  }
  /// Says whether a caller may call a method. Called before the request is decoded, on a loop: must
  /// not block.
  package var authorize: @Sendable (ServedMethod, Caller) throws(RPCError) -> Void = { _, _ in }
  /// Where failures go. Holds no request data.
  package var logger: Logger

  /// A configuration with the defaults of its properties.
  package init(path: String, logger: Logger = Logger(label: "ttrpc")) {
    self.path = path
    self.logger = logger
  }

  /// What becomes of a peer. The overflow user is refused whatever the hook says: it stands for
  /// everybody the kernel cannot name here (user_namespaces(7)).
  package func admit(_ peer: PeerCredentials) -> Admission {
    guard peer.userID != Self.overflowUserID else {
      return .refused(
        RPCError(.permissionDenied, "callers without a user id of their own are refused"))
    }
    return admission(peer)
  }

  private static let overflowUserID: UInt32 = 65534
}

/// What the admission hook makes of a peer, once per connection.
package enum Admission: Sendable {
  /// Calls are let through to the authorisation hook, which is shown the principal.
  case admitted(principal: (any Sendable)?)
  /// Every call of the connection is answered with this error.
  case refused(RPCError)
}
