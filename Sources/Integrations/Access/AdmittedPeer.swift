package import Reactor
internal import Synchronization
internal import TTRPC

/// What the access policy makes of one connection. Asked again after the policy has changed, so a
/// reload binds open connections too.
package final class AdmittedPeer: Sendable {
  private struct Known {
    /// The policy it was worked out under; 0: none yet.
    var generation: UInt64 = 0
    var principal: Principal?
    /// Methods that were let through: the next call of one costs a comparison.
    var allowed: [MethodName] = []
  }

  /// How many methods are remembered. A connection rarely calls more.
  private static let remembered = 16

  package let peer: PeerCredentials
  private let known = Mutex(Known())

  init(peer: PeerCredentials) { self.peer = peer }

  /// Whether a method was let through under this generation of the policy.
  func hasAllowed(_ method: MethodName, generation: UInt64) -> Bool {
    known.withLock { $0.generation == generation && $0.allowed.contains(method) }
  }

  /// Who it is under the policy of a generation; worked out once for each.
  func principal(
    generation: UInt64, _ find: (PeerCredentials) -> Principal?
  ) -> Principal? {
    known.withLock { known in
      if known.generation != generation {
        known = Known(generation: generation, principal: find(peer))
      }
      return known.principal
    }
  }

  /// Remembers that a method was let through.
  func remember(_ method: MethodName, generation: UInt64) {
    known.withLock { known in
      guard known.generation == generation, known.allowed.count < Self.remembered,
        !known.allowed.contains(method)
      else { return }
      known.allowed.append(method)
    }
  }
}
