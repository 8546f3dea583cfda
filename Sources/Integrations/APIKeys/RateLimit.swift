package import IntegrationAPI
internal import ProtobufC

/// One verification that asks to be admitted by the limits of its key.
package struct LimitRequest: Hashable, Sendable {
  package var tenant: TenantID
  package var key: APIKeyID
  /// 1 to 1,000,000.
  package var cost: Int32
  /// Decide, but charge nothing.
  package var isPeek: Bool

  package init(tenant: TenantID, key: APIKeyID, cost: Int32, isPeek: Bool = false) {
    self.tenant = tenant
    self.key = key
    self.cost = cost
    self.isPeek = isPeek
  }

  var subject: LimitSubject { LimitSubject(tenant: tenant, key: key) }
}

/// What limits belong to: a key, whichever of its secrets is presented.
struct LimitSubject: Hashable, Sendable {
  let tenant: TenantID
  let key: APIKeyID
}

/// What the limits of a key say to one verification.
package struct LimitDecision: Hashable, Sendable {
  /// A window of the database's clock and what it has admitted, this verification included.
  package struct Window: Hashable, Sendable {
    /// -1: no limit.
    package var limit: Int32
    package var used: Int64
    package var endsAt: UnixTime

    package init(limit: Int32, used: Int64, endsAt: UnixTime) {
      self.limit = limit
      self.used = used
      self.endsAt = endsAt
    }

    var hasLimit: Bool { limit >= 0 }

    func hasRoom(for cost: Int32) -> Bool { !hasLimit || used + Int64(cost) <= Int64(limit) }

    func message(_ name: String) -> RateLimitWindow? {
      guard hasLimit else { return nil }
      // A limit that was lowered may be below what was admitted before.
      let remaining = Int32(clamping: max(0, Int64(limit) - used))
      return RateLimitWindow(
        name: name, limit: limit, remaining: remaining, resetAt: endsAt.timestamp)
    }
  }

  /// `allowed`, `rateLimitedMinute`, `rateLimitedHour` or `costExceedsLimit`.
  package var code: VerificationCode
  package var cost: Int32
  /// The database's time of the decision.
  package var decidedAt: UnixTime
  package var minute: Window
  package var hour: Window

  package init(
    code: VerificationCode, cost: Int32, decidedAt: UnixTime, minute: Window, hour: Window
  ) {
    self.code = code
    self.cost = cost
    self.decidedAt = decidedAt
    self.minute = minute
    self.hour = hour
  }

  /// The windows that have a limit, minute first.
  package var windows: [RateLimitWindow] {
    [minute.message("minute"), hour.message("hour")].compactMap { $0 }
  }

  /// How long until this cost can be admitted: until the hour is over when it has no room, for then
  /// a new minute begins too. Nil when it need not or cannot be.
  package var retryAfter: Duration? {
    switch code {
    case .rateLimitedMinute, .rateLimitedHour:
      decidedAt.duration(to: hour.hasRoom(for: cost) ? minute.endsAt : hour.endsAt)
    default: nil
    }
  }
}
