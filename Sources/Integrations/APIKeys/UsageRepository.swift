internal import IntegrationAPI
package import PostgresClient
package import Reactor

/// The statements on `integrationd.api_key_usage`.
package enum UsageQueries {
  /// Whether the batch is new: false when it was recorded before.
  static let record = Query(
    "api_key_usage.record",
    """
    select integrationd.record_api_key_usage($1, $2, $3, $4, $5, $6, $7, $8, $9)
    """, effect: .writes
  ) { row throws(RowError) in try row.bool() }

  /// Buckets of width `$3` (`hour` or `day`) from `$4` until `$5`, those before `$6`, newest first.
  /// `$4` and `$5` are edges of buckets. Without `$5`: until the end of the present bucket, which is
  /// `$7` hours wide; without `$4`: from the bucket of `$8` hours ago.
  static let buckets = Query(
    "api_key_usage.buckets",
    """
    with span as (
      select
        coalesce($4, date_trunc($3, now() - $8 * interval '1 hour', 'UTC')) as start_at,
        least(
          coalesce($5, date_trunc($3, now(), 'UTC') + $7 * interval '1 hour'), $6
        ) as end_at
    ), counted as (
      select date_trunc($3, u.hour, 'UTC') as start_at, u.code, sum(u.count)::bigint as count
      from integrationd.api_key_usage as u
      cross join span
      where u.tenant_id = $1
        and u.key_id = $2
        and u.hour >= span.start_at
        and u.hour < span.end_at
      group by 1, 2
    )
    select
      c.start_at, array_agg(c.code::bigint order by c.code), array_agg(c.count order by c.code)
    from counted as c
    group by c.start_at
    order by c.start_at desc
    limit $9
    """, effect: .reads
  ) { row throws(RowError) in
    UsageOfBucket(
      startsAt: try row.time(), codes: try row.intArray(), counts: try row.intArray())
  }
}

/// What happened in one bucket.
struct UsageOfBucket: Hashable, Sendable {
  var startsAt: UnixTime
  var codes: [Int64]
  var counts: [Int64]

  /// As callers see it.
  var message: UsageBucket {
    var bucket = UsageBucket()
    bucket.startTime = startsAt.timestamp
    bucket.counts = zip(codes, counts).map { code, count in
      var line = UsageCount()
      line.code = VerificationCode(rawValue: Int32(truncatingIfNeeded: code))
      line.count = count
      return line
    }
    return bucket
  }
}

/// The width of a bucket of usage.
enum UsageWidth: String, Sendable {
  case hour, day

  var hours: Int64 {
    switch self {
    case .hour: 1
    case .day: 24
    }
  }

  /// How much is told of when no beginning is named, in hours.
  var standardHours: Int64 {
    switch self {
    case .hour: 24
    case .day: 30 * 24
    }
  }

  private var microseconds: Int64 { hours * 3_600_000_000 }

  /// The buckets that somebody asked for, edge to edge; nil as in ``UsageQueries/buckets``.
  func span(from start: UnixTime?, until end: UnixTime?) -> (start: UnixTime?, end: UnixTime?) {
    let beginning = start ?? end?.advanced(by: .seconds(3600) * -Int(standardHours))
    return (beginning.map(floor), end.map(ceiling))
  }

  /// The begin of the bucket that a moment is in.
  private func floor(_ time: UnixTime) -> UnixTime { time.floored(to: microseconds) }

  /// The first edge of a bucket that is not before a moment.
  private func ceiling(_ time: UnixTime) -> UnixTime {
    let floor = floor(time)
    return floor == time ? time : floor.advanced(by: .microseconds(microseconds))
  }
}

/// The only code that sees rows of `integrationd.api_key_usage` and its batches.
package struct UsageRepository: Sendable {
  private let database: Database

  package init(database: Database) { self.database = database }

  /// Records a batch, unless it was recorded before.
  package func record(_ batch: UsageBatch, deadline: Deadline) async throws {
    let rows = batch.rows
    let parameters: [SQLValue] = [
      .uuid(batch.epoch), .int(batch.sequence),
      .uuidArray(rows.map(\.counter.subject.tenant.uuid)),
      .uuidArray(rows.map(\.counter.subject.key.uuid)),
      .intArray(rows.map { Int64($0.counter.subject.secretVersion) }),
      .intArray(rows.map(\.counter.hour.microseconds)),
      .intArray(rows.map { Int64($0.counter.code) }), .intArray(rows.map(\.count)),
      .intArray(rows.map(\.lastAt.microseconds)),
    ]
    // A transaction of its own: it locks many keys, and must not hold them while it waits for a
    // neighbour's locks.
    _ = try await database.transaction(
      in: .worker, deadline: deadline, retries: .upTo(3)
    ) { transaction in
      try await transaction.rows(UsageQueries.record, parameters)
    }
  }

  /// At most `limit` buckets in which something happened, newest first.
  /// - Parameters:
  ///   - span: as ``UsageWidth/span(from:until:)`` makes it.
  ///   - before: only buckets that begin earlier; nil: all.
  func buckets(
    of key: APIKeyID, tenant: TenantID, width: UsageWidth,
    span: (start: UnixTime?, end: UnixTime?), before: UnixTime?, limit: Int, deadline: Deadline
  ) async throws(DatabaseError) -> [UsageOfBucket] {
    func time(_ time: UnixTime?) -> SQLValue {
      .optional(time) { .timestamp(unixMicroseconds: $0.microseconds) }
    }
    return try await database.rows(
      UsageQueries.buckets,
      [
        .uuid(tenant.uuid), .uuid(key.uuid), .text(width.rawValue),
        time(span.start), time(span.end), time(before),
        .int(width.hours), .int(width.standardHours), .int(Int64(limit)),
      ], in: .tenant(tenant.uuid), deadline: deadline)
  }
}
