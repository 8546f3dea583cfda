package import Reactor
internal import Synchronization

/// Who is at the other end of a connection, as found out once when it was accepted.
package final class Caller: Sendable {
  /// What the kernel says about the process that connected.
  package let peer: PeerCredentials
  /// What the admission hook made of it.
  package let principal: (any Sendable)?
  /// Where the connection lives.
  package let loop: EventLoop

  package init(peer: PeerCredentials, principal: (any Sendable)?, loop: EventLoop) {
    self.peer = peer
    self.principal = principal
    self.loop = loop
  }
}

/// A method that is served: one reference for its calls to carry instead of two strings.
package final class ServedMethod: Sendable {
  package let name: MethodName

  package init(_ name: MethodName) {
    self.name = name
  }
}

/// What a service method may know about the call it serves.
// SAFETY: changes only in `renew`, when nobody else has it.
package final class CallContext: @unchecked Sendable {
  /// Who calls.
  package let caller: Caller
  /// What the caller sent along.
  package let metadata: Metadata
  // Private, or each look at them would be checked for exclusive access.
  private var called: ServedMethod
  private var end: Deadline
  /// 0: nobody has asked yet.
  private let requestNumber = Atomic<UInt64>(0)

  package init(
    method: ServedMethod, caller: Caller, metadata: Metadata, deadline: Deadline
  ) {
    called = method
    self.caller = caller
    self.metadata = metadata
    end = deadline
  }

  /// Becomes the context of the caller's next call, which spares making one.
  /// - Precondition: nobody else has it. Neither call has metadata.
  package func renew(method: ServedMethod, deadline: Deadline) {
    if called !== method { called = method }
    end = deadline
    requestNumber.store(0, ordering: .relaxed)
  }

  /// Whether the caller sent something along.
  package var hasMetadata: Bool { !metadata.isEmpty }

  /// The method that was called.
  package var served: ServedMethod { called }

  /// When the call is answered with DEADLINE_EXCEEDED and its task cancelled. Every wait of the
  /// method takes it. ``Deadline/never`` for a stream whose caller named no time.
  package var deadline: Deadline { end }

  /// A context for tests that call a service without a socket.
  package convenience init(
    method: MethodName, peer: PeerCredentials, principal: (any Sendable)? = nil,
    metadata: Metadata = Metadata(), deadline: Deadline, loop: EventLoop
  ) {
    self.init(
      method: ServedMethod(method),
      caller: Caller(peer: peer, principal: principal, loop: loop), metadata: metadata,
      deadline: deadline)
  }

  /// Its name.
  package var method: MethodName { served.name }

  /// The loop the call lives on: its connection, its database connections, its timers.
  package var loop: EventLoop { caller.loop }

  /// What the kernel says about the caller's process.
  package var peer: PeerCredentials { caller.peer }

  /// What the admission hook made of the caller.
  package var principal: (any Sendable)? { caller.principal }

  /// Sixteen hexadecimal digits that name this call in the log and in `RequestInfo`. Made when
  /// first asked for: most calls never need one.
  package var requestID: String {
    var number = requestNumber.load(ordering: .relaxed)
    if number == 0 {
      let fresh = UInt64.random(in: 1...UInt64.max)
      let (isFirst, found) = requestNumber.compareExchange(
        expected: 0, desired: fresh, ordering: .relaxed)
      number = isFirst ? fresh : found
    }
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
