package import Reactor

/// What the authorisation hook is told about a call, before its request is decoded.
package struct CallInfo: Sendable {
  /// The method that was called.
  package let method: MethodName
  let caller: Caller

  package init(method: MethodName, caller: Caller) {
    self.method = method
    self.caller = caller
  }

  /// What the kernel says about the caller's process.
  package var peer: PeerCredentials { caller.peer }
  /// What the admission hook made of the caller.
  package var principal: (any Sendable)? { caller.principal }
}

/// What the admission hook makes of a peer, once per connection.
package enum Admission: Sendable {
  /// Calls are let through to the authorisation hook, which is shown the principal.
  case admitted(principal: (any Sendable)?)
  /// Every call of the connection is answered with this error.
  case refused(RPCError)
}
