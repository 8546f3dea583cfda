internal import FoundationEssentials
internal import IntegrationAPI
package import PostgresClient
package import Reactor

/// The statements on `integrationd.api_key_limits`.
package enum RateLimitQueries {
  struct ChargedKey: Sendable {
    var ordinal: Int64
    var decidedAt: UnixTime
    var minuteLimit: Int32
    var minuteEndsAt: UnixTime
    var hourLimit: Int32
    var hourEndsAt: UnixTime
    var codes: [Int64]
    var minutesUsed: [Int64]
    var hoursUsed: [Int64]
  }

  /// A row for each key that exists.
  static let charge = Query(
    "api_key_limits.charge",
    """
    select
      c.ordinal, c.decided_at, c.minute_limit, c.minute_ends_at, c.hour_limit, c.hour_ends_at,
      c.codes, c.minutes_used, c.hours_used
    from integrationd.charge_api_keys($1, $2, $3, $4, $5, $6) as c
    """, effect: .writes
  ) { row throws(RowError) in
    ChargedKey(
      ordinal: try row.int(), decidedAt: try row.time(), minuteLimit: try row.int32(),
      minuteEndsAt: try row.time(), hourLimit: try row.int32(), hourEndsAt: try row.time(),
      codes: try row.intArray(), minutesUsed: try row.intArray(), hoursUsed: try row.intArray())
  }
}

/// The only code that sees rows of `integrationd.api_key_limits`.
package struct RateLimitRepository: Sendable {
  private let database: Database
  private let clock: (@Sendable () -> UnixTime)?

  /// - Parameter clock: the time to decide by instead of the database's clock, for tests.
  package init(database: Database, clock: (@Sendable () -> UnixTime)? = nil) {
    self.database = database
    self.clock = clock
  }

  /// Decides `requests` in their order and charges those that are admitted, in one transaction.
  /// - Returns: a decision for each request; nil where the key no longer exists.
  package func charge(
    _ requests: [LimitRequest], deadline: Deadline
  ) async throws(DatabaseError) -> [LimitDecision?] {
    let groups = Self.grouped(requests)
    var firsts: [Int64] = []
    var lasts: [Int64] = []
    var costs: [Int64] = []
    for group in groups {
      firsts.append(Int64(costs.count + 1))
      costs += group.members.map { index in
        let cost = Int64(requests[index].cost)
        return requests[index].isPeek ? -cost : cost
      }
      lasts.append(Int64(costs.count))
    }
    let rows = try await database.rows(
      RateLimitQueries.charge,
      [
        .uuidArray(groups.map(\.subject.tenant.uuid)), .uuidArray(groups.map(\.subject.key.uuid)),
        .intArray(firsts), .intArray(lasts), .intArray(costs),
        .optional(clock?()) { .timestamp(unixMicroseconds: $0.microseconds) },
      ], in: .unscoped, deadline: deadline)
    var decisions = [LimitDecision?](repeating: nil, count: requests.count)
    for row in rows {
      guard let rank = Int(exactly: row.ordinal - 1), groups.indices.contains(rank),
        [row.codes, row.minutesUsed, row.hoursUsed].allSatisfy({
          $0.count == groups[rank].members.count
        })
      else { throw DatabaseError(.decoding(.refused("a charge that was not asked for"))) }
      for (place, index) in groups[rank].members.enumerated() {
        decisions[index] = LimitDecision(
          code: VerificationCode(rawValue: Int32(truncatingIfNeeded: row.codes[place])),
          cost: requests[index].cost, decidedAt: row.decidedAt,
          minute: LimitDecision.Window(
            limit: row.minuteLimit, used: row.minutesUsed[place], endsAt: row.minuteEndsAt),
          hour: LimitDecision.Window(
            limit: row.hourLimit, used: row.hoursUsed[place], endsAt: row.hourEndsAt))
      }
    }
    return decisions
  }

  /// The requests of each key, by their index, in their order.
  private static func grouped(
    _ requests: [LimitRequest]
  ) -> [(subject: LimitSubject, members: [Int])] {
    var ranks: [LimitSubject: Int] = [:]
    var groups: [(subject: LimitSubject, members: [Int])] = []
    for (index, request) in requests.enumerated() {
      if let rank = ranks[request.subject] {
        groups[rank].members.append(index)
      } else {
        ranks[request.subject] = groups.count
        groups.append((request.subject, [index]))
      }
    }
    return groups
  }
}
