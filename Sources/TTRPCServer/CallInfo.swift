package import Reactor
package import TTRPC

/// What the authorisation hook is told about a call, before its request is decoded.
package struct CallInfo: Sendable {
  /// The method that was called.
  package let method: MethodName
  /// Who calls.
  package let caller: Caller

  package init(method: MethodName, caller: Caller) {
    self.method = method
    self.caller = caller
  }

  /// What the kernel says about the caller's process.
  package var peer: PeerCredentials { caller.peer }
  /// What the admission hook made of the caller.
  package var principal: (any Sendable)? { caller.principal }
}
