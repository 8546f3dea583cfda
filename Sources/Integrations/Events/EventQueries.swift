package import PostgresClient

/// The statements on `integrationd.events`.
package enum EventQueries {
  package static let all: [Statement] = [
    accept.statement, held.statement, find.statement, list.statement, lockOld.statement,
    purge.statement,
  ]

  /// What the database says of one event that was offered.
  struct Offer: Sendable {
    let outcome: String
    let publishedAt: UnixTime?
    let webhooks: [WebhookID]
  }

  /// An event that has the id or the key of one that was offered.
  struct Holder: Sendable {
    let ordinal: Int64
    let isSame: Bool
    let id: EventID
    let publishedAt: UnixTime
  }

  /// A row for each event, in order.
  static let accept = Query(
    "events.accept",
    """
    select outcome, published_at, webhooks
    from integrationd.accept_events($1, $2, $3, $4, $5)
    order by ordinal
    """,
    effect: .writes
  ) { row throws(RowError) in
    Offer(
      outcome: try row.text(), publishedAt: try row.timeIfPresent(),
      webhooks: try row.uuidArrayIfPresent()?.map(WebhookID.init) ?? [])
  }

  /// A row for each event whose id or key is taken.
  static let held = Query(
    "events.held",
    """
    select ordinal, is_same, event_id, published_at
    from integrationd.held_events($1, $2, $3, $4, $5)
    """
  ) { row throws(RowError) in
    Holder(
      ordinal: try row.int(), isSame: try row.bool(), id: EventID(try row.uuid()),
      publishedAt: try row.time())
  }

  static let find = Query(
    "events.find",
    """
    select id, tenant_id, event_type, event_data, octet_length(event_data),
      coalesce(idempotency_key, ''), created_at
    from integrationd.events
    where tenant_id = $1
      and id = $2
    """, record)

  /// Walks `events_by_age`. Without payloads.
  static let list = Query(
    "events.list",
    """
    select id, tenant_id, event_type, ''::bytea, octet_length(event_data),
      coalesce(idempotency_key, ''), created_at
    from integrationd.events
    where tenant_id = $1
      and (created_at, id) < ($2, $3)
      and ($5 = '' or event_type = $5)
    order by created_at desc, id desc
    limit $4
    """, record)

  /// Locks at most `$2` events older than `$1` microseconds that nobody is owed any more. Who is just
  /// about to owe one again holds it, and it is passed over.
  static let lockOld = Query(
    "events.lock_old",
    """
    select e.tenant_id, e.id
    from integrationd.events as e
    where e.created_at < now() - $1::bigint * interval '1 microsecond'
      and not exists (
        select
        from integrationd.webhook_deliveries as d
        where d.tenant_id = e.tenant_id
          and d.event_id = e.id
          and d.state = 'pending'
      )
    limit $2
    for update of e skip locked
    """,
    effect: .writes
  ) { row throws(RowError) in (tenant: try row.uuid(), id: try row.uuid()) }

  /// Deletes locked events `($1[i], $2[i])`, with their deliveries and the log of those, unless they
  /// have come to be owed again since they were looked at.
  static let purge = Query(
    "events.purge",
    """
    with purged as (
      delete from integrationd.events as e
      using unnest($1::uuid[], $2::uuid[]) as old (tenant_id, id)
      where e.tenant_id = old.tenant_id
        and e.id = old.id
        and not exists (
          select
          from integrationd.webhook_deliveries as d
          where d.tenant_id = e.tenant_id
            and d.event_id = e.id
            and d.state = 'pending'
        )
      returning e.tenant_id, e.id
    ), emptied as (
      -- Deliveries before their log, as everywhere.
      delete from integrationd.webhook_deliveries as d
      using purged
      where d.tenant_id = purged.tenant_id
        and d.event_id = purged.id
      returning d.tenant_id, d.id
    ), unlogged as (
      delete from integrationd.webhook_delivery_logs as l
      using emptied
      where l.tenant_id = emptied.tenant_id
        and l.delivery_id = emptied.id
    )
    select count(*)
    from purged
    """,
    effect: .writes
  ) { row throws(RowError) in try row.int() }

  private static let record: @Sendable (inout RowReader) throws(RowError) -> EventRecord = {
    row throws(RowError) in
    EventRecord(
      id: EventID(try row.uuid()), tenant: TenantID(try row.uuid()), type: try row.text(),
      data: try row.bytes(), byteCount: try row.int(), idempotencyKey: try row.text(),
      createdAt: try row.time())
  }
}
