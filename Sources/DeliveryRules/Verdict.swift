/// What becomes of a delivery after an attempt.
package enum Verdict: Sendable, Hashable {
  case succeeded
  /// Try again after so long.
  /// - `spendsBudget`: whether the attempt counts against the policy.
  case retry(after: Duration, spendsBudget: Bool)
  case failed(FailureReason)
  /// And nothing more is sent to the webhook until somebody enables it again.
  case failedAndDisable(FailureReason)
}

/// Why a delivery is given up.
package enum FailureReason: Sendable, Hashable {
  /// The policy has no attempts left.
  case exhausted(attempts: Int)
  /// The receiver answered with a status that ends it.
  case status(Int)
  /// No other attempt could fare better.
  case permanent(Fault)
}

extension FailureReason: CustomStringConvertible {
  package var description: String {
    switch self {
    case .exhausted(attempts: 1): "failed, and the policy has no retries"
    case .exhausted(let attempts): "failed \(attempts) times, and the policy has no more retries"
    case .status(let status): "the receiver answered \(status)"
    case .permanent(.theirs): "cannot be delivered with the webhook's settings"
    case .permanent(.ours): "cannot be delivered because of a fault of ours"
    }
  }
}
