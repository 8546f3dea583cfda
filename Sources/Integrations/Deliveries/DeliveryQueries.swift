internal import IntegrationAPI
package import PostgresClient

/// The statements on `integrationd.webhook_deliveries` and `integrationd.webhook_delivery_logs` that
/// answer callers. Those of the engine are ``QueueQueries``.
package enum DeliveryQueries {
  package static let all: [Statement] = [
    find.statement, lock.statement, listOfEvent.statement, listOwed.statement, hurry.statement,
    again.statement, lockWebhook.statement, insertTestEvent.statement, insertTest.statement,
    attempt.statement, attemptsOfDelivery.statement, attemptsOfWebhook.statement,
    attemptsOfTenant.statement,
  ]

  private static let columns = """
    d.id, d.tenant_id, d.webhook_id, d.event_id, e.event_type, d.state, d.attempts, d.due_at,
      d.failure, d.is_test, d.created_at, d.ended_at, d.attempt_started_at, d.lease_ends_at
    """

  private static let event = """
    join integrationd.events as e
      on e.tenant_id = d.tenant_id
      and e.id = d.event_id
    """

  static let find = Query(
    "deliveries.find",
    """
    select \(columns)
    from integrationd.webhook_deliveries as d
    \(event)
    where d.tenant_id = $1
      and d.id = $2
    """, record)

  static let lock = Query(
    "deliveries.lock",
    """
    select \(columns)
    from integrationd.webhook_deliveries as d
    \(event)
    where d.tenant_id = $1
      and d.id = $2
    for update of d
    """, record)

  /// Walks `webhook_deliveries_by_event`. Newest first.
  static let listOfEvent = Query(
    "deliveries.list_of_event",
    """
    select \(columns)
    from integrationd.webhook_deliveries as d
    \(event)
    where d.tenant_id = $1
      and d.event_id = $2
      and (d.created_at, d.id) < ($3, $4)
    order by d.created_at desc, d.id desc
    limit $5
    """, record)

  /// Walks `webhook_deliveries_due`. Soonest first.
  static let listOwed = Query(
    "deliveries.list_owed",
    """
    select \(columns)
    from integrationd.webhook_deliveries as d
    \(event)
    where d.tenant_id = $1
      and d.webhook_id = $2
      and d.state = 'pending'
      and d.due_at >= $3
      and (d.due_at, d.id) > ($3, $4)
    order by d.due_at, d.id
    limit $5
    """, record)

  /// Makes a delivery due that waits.
  static let hurry = Query(
    "deliveries.hurry",
    """
    update integrationd.webhook_deliveries
    set due_at = now()
    where tenant_id = $1
      and id = $2
      and state = 'pending'
      and lease_token is null
    """)

  /// Owes an event to a webhook again.
  static let again = Query(
    "deliveries.again",
    """
    insert into integrationd.webhook_deliveries (tenant_id, id, webhook_id, event_id)
    values ($1, $2, $3, $4)
    """)

  /// A webhook and its tenant, held against changes: whether it is active, and whether the tenant is
  /// suspended.
  static let lockWebhook = Query(
    "deliveries.lock_webhook",
    """
    select w.is_active, t.state = 'suspended'
    from integrationd.webhooks as w
    join integrationd.tenants as t
      on t.id = w.tenant_id
    where w.tenant_id = $1
      and w.id = $2
      and w.deleted_at is null
    for share of w
    """
  ) { row throws(RowError) in (isActive: try row.bool(), isSuspended: try row.bool()) }

  static let insertTestEvent = Query(
    "deliveries.insert_test_event",
    """
    insert into integrationd.events (tenant_id, id, event_type, event_data)
    values ($1, $2, $3, $4)
    """)

  /// Due only later, so that nobody but who makes the test claims it, unless that one dies.
  static let insertTest = Query(
    "deliveries.insert_test",
    """
    insert into integrationd.webhook_deliveries
      (tenant_id, id, webhook_id, event_id, is_test, due_at)
    values ($1, $2, $3, $4, true, now() + interval '1 minute')
    """)

  private static let record: @Sendable (inout RowReader) throws(RowError) -> DeliveryRecord = {
    row throws(RowError) in
    let id = DeliveryID(try row.uuid())
    let lane = WebhookLane(
      tenant: TenantID(try row.uuid()), webhook: WebhookID(try row.uuid()))
    return DeliveryRecord(
      id: id, lane: lane, event: EventID(try row.uuid()), eventType: try row.text(),
      state: DeliveryState(name: try row.text()), attempts: try row.int32(),
      dueAt: try row.time(), failure: try row.text(), isTest: try row.bool(),
      createdAt: try row.time(), endedAt: try row.timeIfPresent(),
      attemptStartedAt: try row.timeIfPresent(), leaseEndsAt: try row.timeIfPresent())
  }

  // MARK: The log

  /// Without headers and bodies, which fill pages of their own.
  private static let summary = """
    l.tenant_id, l.webhook_id, l.delivery_id, l.event_id, l.event_type, l.attempt_number,
      l.delivery_status, l.next_retry_at, l.created_at, l.delivered_at, l.request_url,
      l.request_method, l.cause, l.error_message, coalesce(l.response_status_code, 0),
      coalesce(l.response_time_ms, 0), coalesce(l.peer_address, ''), l.resolve_us, l.connect_us,
      l.tls_us, l.first_byte_us, l.response_truncated
    """

  static let attempt = Query(
    "deliveries.attempt",
    """
    select \(summary), coalesce(l.request_headers, ''), coalesce(l.response_headers, ''),
      coalesce(l.response_body, ''), e.event_data
    from integrationd.webhook_delivery_logs as l
    join integrationd.events as e
      on e.tenant_id = l.tenant_id
      and e.id = l.event_id
    where l.tenant_id = $1
      and l.delivery_id = $2
      and l.attempt_number = $3
    """
  ) { row throws(RowError) in try logged(&row, isWhole: true) }

  static let attemptsOfDelivery = Query(
    "deliveries.attempts_of_delivery",
    """
    select \(summary)
    from integrationd.webhook_delivery_logs as l
    where l.tenant_id = $1
      and l.delivery_id = $2
    order by l.attempt_number desc
    limit $3
    """
  ) { row throws(RowError) in try logged(&row, isWhole: false) }

  private static let filters = """
    (l.created_at, l.delivery_id) < ($3, $4)
        and ($5::timestamptz is null or l.created_at >= $5)
        and ($6::timestamptz is null or l.created_at < $6)
        and ($7::text = '' or l.event_type = $7)
        and ($8::bigint = 0 or l.response_status_code = $8)
    """

  /// Walks `webhook_delivery_logs_by_webhook`.
  static let attemptsOfWebhook = Query(
    "deliveries.attempts_of_webhook",
    """
    select \(summary)
    from integrationd.webhook_delivery_logs as l
    where l.tenant_id = $1
      and l.delivery_status = any ($2)
      and \(filters)
      and l.webhook_id = $10
    order by l.created_at desc, l.delivery_id desc
    limit $9
    """
  ) { row throws(RowError) in try logged(&row, isWhole: false) }

  /// Walks `webhook_delivery_logs_by_status` once for each status, and merges.
  static let attemptsOfTenant = Query(
    "deliveries.attempts_of_tenant",
    """
    select l.*
    from unnest($2::text[]) as wanted (status)
    cross join lateral (
      select \(summary)
      from integrationd.webhook_delivery_logs as l
      where l.tenant_id = $1
        and l.delivery_status = wanted.status
        and \(filters)
      order by l.created_at desc, l.delivery_id desc
      limit $9
    ) as l
    order by l.created_at desc, l.delivery_id desc
    limit $9
    """
  ) { row throws(RowError) in try logged(&row, isWhole: false) }

  private static func logged(
    _ row: inout RowReader, isWhole: Bool
  ) throws(RowError) -> LoggedAttempt {
    let lane = WebhookLane(
      tenant: TenantID(try row.uuid()), webhook: WebhookID(try row.uuid()))
    let delivery = DeliveryID(try row.uuid())
    let event = EventID(try row.uuid())
    let type = try row.text()
    let number = try row.int32()
    let status = AttemptStatus(name: try row.text())
    let (next, created, ended) = (try row.timeIfPresent(), try row.time(), try row.time())
    let (url, method) = (try row.text(), try row.text())
    var record = AttemptRecord()
    record.cause = AttemptCause(rawValue: try row.int32())
    record.errorMessage = try row.text()
    record.statusCode = try row.int32()
    record.time = .microseconds(Int64(try row.double() * 1000))
    record.peer = try row.text()
    record.resolve = try row.microsecondsIfPresent()
    record.connect = try row.microsecondsIfPresent()
    record.tls = try row.microsecondsIfPresent()
    record.firstByte = try row.microsecondsIfPresent()
    record.isTruncated = try row.bool()
    var body: [UInt8] = []
    if isWhole {
      record.requestHeaders = try row.text()
      record.responseHeaders = try row.text()
      record.responseBody = try row.bytes()
      body = try row.bytes()
    }
    return LoggedAttempt(
      lane: lane, delivery: delivery, event: event, eventType: type, number: number,
      status: status, nextRetryAt: next, createdAt: created, endedAt: ended, url: url,
      method: method, record: record, body: body)
  }
}

extension RowReader {
  fileprivate mutating func microsecondsIfPresent() throws(RowError) -> Duration? {
    try intIfPresent().map { .microseconds($0) }
  }
}
