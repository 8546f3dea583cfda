internal import DeliveryRules
internal import FoundationEssentials
internal import IntegrationAPI
internal import Logging
internal import OutboundHTTP
internal import Reactor
internal import Synchronization

/// Makes one attempt: the request, its outcome, and what the retry policy says to it.
struct Attempter: Sendable {
  /// How often in a row a kept connection may turn out to be closed: as many as are kept, at most.
  private static let maxStale = LaneBook.maxCap
  /// Lookups of one name that fail in a row, while those of others succeed, before it is the name's
  /// fault.
  private static let maxLookups = 3

  let http: OutboundHTTPClient
  let settings: OutboundSettings
  let names: NameWitness
  let logger: Logger

  /// Sends a delivery's request once and says how to settle it. Never fails: that it could not be
  /// sent is an outcome too.
  /// - Parameters:
  ///   - result: nil when the webhook's settings could not be asked for, which is our fault.
  ///   - end: when it must be over. Past it, nothing is sent: somebody else may have taken over.
  func attempt(
    _ delivery: ClaimedDelivery, to result: Result<WebhookTarget, WebhookTargetFailure>?,
    until end: MonotonicInstant
  ) async -> Settlement {
    let target: WebhookTarget
    switch result {
    case .success(let found): target = found
    case .failure(let failure):
      return settlement(of: delivery, failure.outcome, .none, requestHeaders: "")
    case nil:
      return settlement(
        of: delivery, .ours("the webhook's settings could not be read"), .none,
        requestHeaders: "")
    }
    // The log says where the claim found that it goes.
    guard target.revision == delivery.revision else {
      return settlement(
        of: delivery, .ours("the webhook was changed while the attempt was prepared"),
        target.policy, requestHeaders: "")
    }
    let policy = delivery.isTest ? RetryPolicy.none : target.policy
    guard MonotonicInstant.now() < end else {
      return settlement(
        of: delivery, .ours("the daemon stood still until the lease was nearly over"), policy,
        requestHeaders: "")
    }
    let request: AttemptRequest
    do throws(AttemptRequest.Refusal) {
      request = try AttemptRequest(delivery, to: target, settings, now: .now, end: end)
    } catch {
      return settlement(
        of: delivery, .failure(OutboundFailure(.invalidRequest, error.message)), policy,
        requestHeaders: "")
    }
    return settlement(
      of: delivery, await http.send(request.outbound), policy,
      requestHeaders: request.shownHeaders)
  }

  /// What the policy is asked about. That a name server does not answer is our fault, unless those of
  /// other names do.
  private func outcome(
    of result: OutboundResult, _ delivery: ClaimedDelivery
  ) -> AttemptOutcome {
    if case .failure(let failure) = result, failure.cause == .resolverUnavailable {
      guard delivery.ownFaults >= Self.maxLookups, names.haveAnswered(within: .seconds(60)) else {
        return .failure(.ours)
      }
      return .failure(.theirs)
    }
    names.note(result)
    return AttemptOutcome(result, now: .now)
  }

  private func settlement(
    of delivery: ClaimedDelivery, _ result: OutboundResult, _ policy: RetryPolicy,
    requestHeaders: String
  ) -> Settlement {
    if case .failure(let failure) = result, failure.cause == .staleConnection,
      delivery.ownFaults < Self.maxStale
    {
      // At once on another connection, and at nobody's expense.
      return Settlement(
        delivery: delivery, end: .pending(after: .zero, spendsBudget: false),
        record: AttemptRecord(result, requestHeaders: requestHeaders))
    }
    let verdict = policy.decide(
      outcome(of: result, delivery), attemptsSpent: delivery.attemptsSpent,
      consecutiveOwnFaults: delivery.ownFaults, random: .random(in: .min ... .max))
    var settlement = Settlement(
      delivery: delivery, end: Settlement.End(verdict),
      record: AttemptRecord(result, requestHeaders: requestHeaders))
    if case .failedAndDisable(let reason) = verdict { settlement.disables = "\(reason)" }
    if settlement.record.cause == .ownFault, settlement.end.spendsBudget {
      settlement.record.cause = .nameNotFound
    }
    return settlement
  }
}

/// Remembers when a name was last looked up with success, whose ever it was.
final class NameWitness: Sendable {
  private let last = Mutex<MonotonicInstant?>(nil)

  func note(_ result: OutboundResult) {
    let timings =
      switch result {
      case .success(let response): response.timings
      case .failure(let failure): failure.timings
      }
    guard timings.resolve != nil else { return }
    last.withLock { $0 = .now() }
  }

  func haveAnswered(within span: Duration) -> Bool {
    last.withLock { last in
      last.map { $0.duration(to: .now()) <= span } ?? false
    }
  }
}

extension OutboundResult {
  /// A failure before anything was sent, and not the receiver's.
  fileprivate static func ours(_ message: String) -> OutboundResult {
    .failure(OutboundFailure(.localResource, message))
  }
}

extension Settlement.End {
  fileprivate init(_ verdict: Verdict) {
    switch verdict {
    case .succeeded: self = .succeeded
    case .retry(let delay, let spends): self = .pending(after: delay, spendsBudget: spends)
    case .failed(let reason), .failedAndDisable(let reason): self = .failed("\(reason)")
    }
  }
}

extension WebhookTargetFailure {
  /// What it is to an attempt: ours, also where the URL is not allowed. It was when the webhook was
  /// made, and an operator who forgets `allow_http` at a restart must not cost anybody an event.
  fileprivate var outcome: OutboundResult { .ours("\(self)") }
}
