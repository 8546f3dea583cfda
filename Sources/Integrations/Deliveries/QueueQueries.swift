internal import FoundationEssentials
package import PostgresClient

/// The statements of the delivery engine: `webhook_deliveries` as a queue of lanes, the log that grows
/// as attempts end, and the counters that change with it.
///
/// Every moment is the database's clock, so that daemons with other clocks cannot disagree.
package enum QueueQueries {
  package static let all: [Statement] = [
    claim.statement, claimOne.statement, settle.statement, hurry.statement, lanes.statement,
    lanesOfTenant.statement, abandonIdle.statement, cancelDeleted.statement,
    purgeDeleted.statement,
  ]

  /// Nobody is at it: no attempt is on its way, or its daemon is dead or too slow.
  static let isFree = "(d.lease_token is null or d.lease_ends_at <= now())"

  /// Claims at most `$5[i]` due deliveries of each lane `($3[i], $4[i])`, oldest first, under the
  /// lease token `$1` for `$2` microseconds.
  static let claim = Query(
    "queue.claim",
    claiming(
      from: """
        select w.webhook_url, w.http_method, w.revision, d.*
        from unnest($3::uuid[], $4::uuid[], $5::bigint[]) as lane (tenant_id, webhook_id, quota)
        join integrationd.webhooks as w
          on w.tenant_id = lane.tenant_id
          and w.id = lane.webhook_id
          and w.is_active
        join integrationd.tenants as t
          on t.id = lane.tenant_id
          and t.state = 'active'
        cross join lateral (
          select \(attempt)
          from integrationd.webhook_deliveries as d
          where d.tenant_id = lane.tenant_id
            and d.webhook_id = lane.webhook_id
            and d.state = 'pending'
            and d.due_at <= now()
            and \(isFree)
          order by d.due_at
          limit lane.quota
          for update skip locked
        ) as d
        """), claimed)

  /// Claims one delivery, whatever its webhook's state and whenever it is due.
  static let claimOne = Query(
    "queue.claim_one",
    claiming(
      from: """
        select w.webhook_url, w.http_method, w.revision, \(attempt)
        from integrationd.webhook_deliveries as d
        join integrationd.webhooks as w
          on w.tenant_id = d.tenant_id
          and w.id = d.webhook_id
        where d.tenant_id = $3
          and d.id = $4
          and d.state = 'pending'
          and d.lease_token is null
        for update of d skip locked
        """), claimed)

  private static let attempt = """
    d.tenant_id, d.id, d.webhook_id, d.event_id, d.lease_token, d.attempts, d.attempt_started_at,
      d.attempt_url, d.attempt_method, clock_timestamp() as picked_at
    """

  private static let withoutLease = """
    lease_token = null,
        lease_ends_at = null,
        attempt_started_at = null,
        attempt_url = null,
        attempt_method = null
    """

  /// The attempt is committed with the lease, before anything is sent.
  private static func claiming(from picked: String) -> String {
    """
    with picked as materialized (
      \(picked)
    ), claimed as (
      update integrationd.webhook_deliveries as d
      set lease_token = $1,
        lease_ends_at = p.picked_at + $2::bigint * interval '1 microsecond',
        attempt_started_at = p.picked_at,
        attempt_url = p.webhook_url,
        attempt_method = p.http_method,
        attempts = d.attempts + 1
      from picked as p
      where d.tenant_id = p.tenant_id
        and d.id = p.id
      returning d.tenant_id, d.webhook_id, d.id, d.event_id, d.attempts, d.attempts_spent,
        d.own_faults, d.is_test, p.revision
    ), \(abandoning)
    select c.tenant_id, c.webhook_id, c.id, c.event_id, e.event_type, e.event_data, c.attempts,
      c.attempts_spent, c.own_faults, c.is_test, c.revision
    from claimed as c
    join integrationd.events as e
      on e.tenant_id = c.tenant_id
      and e.id = c.event_id
    """
  }

  /// Logs and counts the attempts whose leases `picked` found run out.
  private static let abandoning = """
    abandoned as (
      insert into integrationd.webhook_delivery_logs
        (tenant_id, delivery_id, attempt_number, webhook_id, event_id, event_type, request_url,
          request_method, delivery_status, cause, error_message, delivered_at, next_retry_at,
          created_at)
      select p.tenant_id, p.id, p.attempts, p.webhook_id, p.event_id, e.event_type, p.attempt_url,
        p.attempt_method, 'pending_retry', 10,
        'the daemon ended, or lost its lease, before it knew how this went', p.picked_at,
        p.picked_at, p.attempt_started_at
      from picked as p
      join integrationd.events as e
        on e.tenant_id = p.tenant_id
        and e.id = p.event_id
      where p.lease_token is not null
      returning tenant_id, webhook_id
    ), tally as (
      select tenant_id, webhook_id, count(*)
      from abandoned
      group by tenant_id, webhook_id
    ), locked as materialized (
      select s.tenant_id, s.webhook_id, tally.count
      from tally
      join integrationd.webhook_statistics as s
        on s.tenant_id = tally.tenant_id
        and s.webhook_id = tally.webhook_id
      order by s.tenant_id, s.webhook_id
      for update of s
    ), counted as (
      update integrationd.webhook_statistics as s
      set total_attempts = s.total_attempts + locked.count,
        last_delivery_at = clock_timestamp(),
        last_delivery_status = 'pending_retry'
      from locked
      where s.tenant_id = locked.tenant_id
        and s.webhook_id = locked.webhook_id
    )
    """

  /// A claimed delivery, all but its lease token.
  typealias Claimed = @Sendable (UUID) -> ClaimedDelivery

  private static let claimed: @Sendable (inout RowReader) throws(RowError) -> Claimed = {
    row throws(RowError) in
    let lane = WebhookLane(
      tenant: TenantID(try row.uuid()), webhook: WebhookID(try row.uuid()))
    let id = DeliveryID(try row.uuid())
    let event = EventID(try row.uuid())
    let type = try row.text()
    let data = try row.bytes()
    let attempt = try row.int32()
    let spent = try row.int32()
    let ownFaults = try row.int32()
    let isTest = try row.bool()
    let revision = try row.int()
    return { token in
      ClaimedDelivery(
        lane: lane, id: id, event: event, eventType: type, data: data, attempt: attempt,
        leaseToken: token, attemptsSpent: Int(spent), ownFaults: Int(ownFaults), isTest: isTest,
        revision: revision)
    }
  }

  /// Settles attempts, element by element of the arrays: the delivery, the log and its webhook's
  /// counters. Answers with those whose lease still held; the others change nothing.
  static let settle = Query(
    "queue.settle",
    """
    with done as materialized (
      select *
      from unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::text[], $11::bigint[], $12::text[], $13::bigint[],
        $14::bigint[], $15::text[], $16::text[], $17::bytea[], $18::bigint[], $19::text[],
        $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[]
      ) as t (
        tenant_id, id, event_type, attempt, lease_token, state, delay_us, spends, own_fault,
        failure, cause, error_message, status_code, time_us, request_headers, response_headers,
        response_body, truncated, peer, resolve_us, connect_us, tls_us, first_byte_us)
    ), held as materialized (
      select done.*, d.webhook_id, d.event_id, d.attempt_started_at, d.attempt_url,
        d.attempt_method
      from done
      join integrationd.webhook_deliveries as d
        on d.tenant_id = done.tenant_id
        and d.id = done.id
        and d.lease_token = done.lease_token
      order by d.tenant_id, d.id
      for update of d
    ), settled as (
      update integrationd.webhook_deliveries as d
      set state = h.state,
        \(withoutLease),
        due_at = case
          when h.state = 'pending'
            then clock_timestamp() + h.delay_us * interval '1 microsecond'
          else d.due_at
        end,
        attempts_spent = d.attempts_spent + h.spends::integer,
        own_faults = case when h.own_fault = 1 then d.own_faults + 1 else 0 end,
        failure = h.failure,
        ended_at = case when h.state <> 'pending' then clock_timestamp() end
      from held as h
      where d.tenant_id = h.tenant_id
        and d.id = h.id
      returning d.due_at as next_at, h.*
    ), logged as (
      insert into integrationd.webhook_delivery_logs
        (tenant_id, delivery_id, attempt_number, webhook_id, event_id, event_type, request_url,
          request_method, request_headers, response_status_code, response_headers, response_body,
          response_truncated, response_time_ms, delivery_status, cause, error_message,
          peer_address, resolve_us, connect_us, tls_us, first_byte_us, delivered_at,
          next_retry_at, created_at)
      select s.tenant_id, s.id, s.attempt, s.webhook_id, s.event_id, s.event_type, s.attempt_url,
        s.attempt_method, s.request_headers, nullif(s.status_code, 0), s.response_headers,
        s.response_body, s.truncated = 1, s.time_us / 1000.0,
        case s.state
          when 'succeeded' then 'success'
          when 'failed' then 'failed'
          else 'pending_retry'
        end,
        s.cause, s.error_message, nullif(s.peer, ''), nullif(s.resolve_us, -1),
        nullif(s.connect_us, -1), nullif(s.tls_us, -1), nullif(s.first_byte_us, -1),
        clock_timestamp(), case when s.state = 'pending' then s.next_at end,
        s.attempt_started_at
      from settled as s
      returning tenant_id, webhook_id, delivery_status, created_at
    ), tally as (
      select tenant_id, webhook_id, count(*) as attempts,
        count(*) filter (where delivery_status = 'success') as successes,
        count(*) filter (where delivery_status = 'failed') as failures,
        (array_agg(delivery_status order by created_at desc))[1] as last_status
      from logged
      group by tenant_id, webhook_id
    ), locked as materialized (
      select tally.*
      from tally
      join integrationd.webhook_statistics as s
        on s.tenant_id = tally.tenant_id
        and s.webhook_id = tally.webhook_id
      order by s.tenant_id, s.webhook_id
      for update of s
    ), counted as (
      update integrationd.webhook_statistics as s
      set total_deliveries = s.total_deliveries + t.successes + t.failures,
        successful_deliveries = s.successful_deliveries + t.successes,
        failed_deliveries = s.failed_deliveries + t.failures,
        total_attempts = s.total_attempts + t.attempts,
        last_delivery_at = clock_timestamp(),
        last_delivery_status = t.last_status
      from locked as t
      where s.tenant_id = t.tenant_id
        and s.webhook_id = t.webhook_id
    )
    select id, attempt
    from settled
    """,
    effect: .writes
  ) { row throws(RowError) in
    SettledAttempt(delivery: DeliveryID(try row.uuid()), attempt: try row.int32())
  }

  /// Makes what a claim with token `$1` has got due at once: its reply was lost.
  static let hurry = Query(
    "queue.hurry",
    """
    update integrationd.webhook_deliveries as d
    set lease_ends_at = now()
    from unnest($2::uuid[], $3::uuid[]) as lane (tenant_id, webhook_id)
    where d.tenant_id = lane.tenant_id
      and d.webhook_id = lane.webhook_id
      and d.state = 'pending'
      and d.lease_token = $1
    """)

  /// Logs at most `$1` attempts that nobody lived to settle and nobody takes over, because their
  /// webhooks or tenants are not active. What was claimed last is among the first of its lane.
  static let abandonIdle = Query(
    "queue.abandon_idle",
    """
    with picked as materialized (
      select \(attempt)
      from integrationd.webhooks as w
      join integrationd.tenants as t
        on t.id = w.tenant_id
      cross join lateral (
        select h.tenant_id, h.id
        from integrationd.webhook_deliveries as h
        where h.tenant_id = w.tenant_id
          and h.webhook_id = w.id
          and h.state = 'pending'
        order by h.due_at
        limit 100
      ) as head
      join integrationd.webhook_deliveries as d
        on d.tenant_id = head.tenant_id
        and d.id = head.id
        and d.lease_ends_at <= now()
      where (not w.is_active or t.state <> 'active')
        and w.deleted_at is null
      limit $1
      for update of d skip locked
    ), freed as (
      update integrationd.webhook_deliveries as d
      set \(withoutLease)
      from picked as p
      where d.tenant_id = p.tenant_id
        and d.id = p.id
      returning 1
    ), \(abandoning)
    select count(*)
    from freed
    """,
    effect: .writes
  ) { row throws(RowError) in try row.int() }

  /// Cancels at most `$1` deliveries that are owed to deleted webhooks, but for those that are being
  /// attempted.
  static let cancelDeleted = Query(
    "queue.cancel_deleted",
    """
    with picked as materialized (
      select \(attempt)
      from integrationd.webhooks as w
      join integrationd.webhook_deliveries as d
        on d.tenant_id = w.tenant_id
        and d.webhook_id = w.id
        and d.state = 'pending'
      where w.deleted_at is not null
        and \(isFree)
      limit $1
      for update of d skip locked
    ), cancelled as (
      update integrationd.webhook_deliveries as d
      set state = 'cancelled',
        \(withoutLease),
        ended_at = now()
      from picked as p
      where d.tenant_id = p.tenant_id
        and d.id = p.id
      returning 1
    ), \(abandoning)
    select count(*)
    from cancelled
    """,
    effect: .writes
  ) { row throws(RowError) in try row.int() }

  /// Deletes at most `$1` deliveries of webhooks that were deleted in the last month, with their log,
  /// which is how they are found. What was never attempted goes with its event; the webhook's row,
  /// emptied of its credentials, stays.
  static let purgeDeleted = Query(
    "queue.purge_deleted",
    """
    with old as (
      select d.tenant_id, d.id
      from integrationd.webhooks as w
      cross join lateral (
        select l.tenant_id, l.delivery_id
        from integrationd.webhook_delivery_logs as l
        where l.tenant_id = w.tenant_id
          and l.webhook_id = w.id
        limit $1
      ) as l
      join integrationd.webhook_deliveries as d
        on d.tenant_id = l.tenant_id
        and d.id = l.delivery_id
        and d.state <> 'pending'
      where w.deleted_at between now() - interval '30 days' and now() - interval '1 minute'
      limit $1
      for update of d skip locked
    ), purged as (
      delete from integrationd.webhook_deliveries as d
      using old
      where d.tenant_id = old.tenant_id
        and d.id = old.id
      returning d.tenant_id, d.id
    ), unlogged as (
      delete from integrationd.webhook_delivery_logs as l
      using purged
      where l.tenant_id = purged.tenant_id
        and l.delivery_id = purged.id
    )
    select count(*)
    from purged
    """,
    effect: .writes
  ) { row throws(RowError) in try row.int() }
}
