package import Reactor
internal import Synchronization
package import TTRPC

/// Decides who may call what, by the policy in force.
package final class AccessControl: Sendable {
  private let policy: Mutex<AccessPolicy>
  /// Counts the policies from 1, so that an ``AdmittedPeer`` notices a new one.
  private let generation = Atomic<UInt64>(1)
  private let denials: DenialLog

  package init(policy: AccessPolicy, denials: DenialLog) {
    self.policy = Mutex(policy)
    self.denials = denials
  }

  /// Puts another policy in force, for open connections too.
  package func replace(with policy: AccessPolicy) {
    // The policy first: whoever sees the new generation must find the new policy.
    self.policy.withLock { $0 = policy }
    generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
    denials.reset()
  }

  /// What a connection is known by; for the server's admission hook. Nobody is turned away here:
  /// a denial is a status, which tells more than a closed connection.
  package func admit(_ peer: PeerCredentials) -> AdmittedPeer { AdmittedPeer(peer: peer) }

  /// Lets a call through or not; for the server's authorisation hook.
  /// - Throws: `permissionDenied`.
  package func authorize(
    _ method: MethodName, peer: PeerCredentials, principal: (any Sendable)?
  ) throws(RPCError) {
    let generation = generation.load(ordering: .sequentiallyConsistent)
    let admitted = principal as? AdmittedPeer
    if let admitted, admitted.hasAllowed(method, generation: generation) { return }
    let name = method.description
    guard let principal = self.principal(peer, admitted, generation) else {
      deny(peer, name: "uid \(peer.userID)", method: name)
      throw RPCError(
        .permissionDenied, "the access policy knows no caller with uid \(peer.userID)")
    }
    guard principal.mayCall(name) else {
      deny(peer, name: principal.name, method: name)
      throw RPCError(.permissionDenied, "caller \"\(principal.name)\" may not call \(name)")
    }
    admitted?.remember(method, generation: generation)
  }

  /// Who makes a call.
  /// - Throws: `permissionDenied` when the policy changed since the call was let through.
  package func principal(of call: CallContext) throws(ServiceError) -> Principal {
    let generation = generation.load(ordering: .sequentiallyConsistent)
    guard let principal = principal(call.peer, call.principal as? AdmittedPeer, generation) else {
      throw ServiceError(.permissionDenied, "the access policy no longer knows this caller")
    }
    return principal
  }

  /// Checks that the caller may act for a tenant.
  /// - Throws: what an unknown tenant gets, so that nobody learns which tenants there are.
  package func require(_ tenant: TenantID, _ call: CallContext) throws(ServiceError) {
    guard try principal(of: call).mayActFor(tenant) else { throw ServiceError.noTenant(tenant) }
  }

  private func principal(
    _ peer: PeerCredentials, _ admitted: AdmittedPeer?, _ generation: UInt64
  ) -> Principal? {
    let find = { (peer: PeerCredentials) in self.policy.withLock { $0 }.principal(of: peer) }
    guard let admitted else { return find(peer) }
    return admitted.principal(generation: generation, find)
  }

  private func deny(_ peer: PeerCredentials, name: String, method: String) {
    denials.record(
      caller: name, userID: peer.userID, processID: peer.processID, method: method)
  }
}
