internal import FoundationEssentials
package import PostgresClient

/// The statements of the delivery engine: `webhook_deliveries` as a queue of lanes, the log's rows as
/// attempts begin and end, and the counters that change with them.
///
/// Every moment is the database's clock, so that daemons with other clocks cannot disagree.
package enum QueueQueries {
  package static let all: [Statement] = [
    claim.statement, claimOne.statement, settle.statement, hurry.statement, lanes.statement,
    lanesOfTenant.statement, cancelDeleted.statement, purgeDeleted.statement,
  ]

  /// Claims at most `$5[i]` due deliveries of each lane `($3[i], $4[i])`, oldest first, under the
  /// lease token `$1` for `$2` microseconds.
  static let claim = Query(
    "queue.claim",
    claiming(
      from: """
        select w.tenant_id, w.id as webhook_id, w.webhook_url, w.http_method, w.revision, d.id,
          d.lease_token is not null as is_orphan, d.attempts
        from unnest($3::uuid[], $4::uuid[], $5::bigint[]) as lane (tenant_id, webhook_id, quota)
        join integrationd.webhooks as w
          on w.tenant_id = lane.tenant_id
          and w.id = lane.webhook_id
          and w.is_active
        join integrationd.tenants as t
          on t.id = lane.tenant_id
          and t.state = 'active'
        cross join lateral (
          select d.id, d.lease_token, d.attempts
          from integrationd.webhook_deliveries as d
          where d.tenant_id = lane.tenant_id
            and d.webhook_id = lane.webhook_id
            and d.state = 'pending'
            and d.due_at <= now()
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
        select w.tenant_id, w.id as webhook_id, w.webhook_url, w.http_method, w.revision, d.id,
          d.lease_token is not null as is_orphan, d.attempts
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

  /// The attempt is a row of the log, committed with the lease, before anything is sent. An attempt
  /// that its daemon did not live to settle is settled here, as abandoned.
  private static func claiming(from picked: String) -> String {
    """
    with picked as materialized (
      \(picked)
    ), claimed as (
      update integrationd.webhook_deliveries as d
      set lease_token = $1,
        due_at = clock_timestamp() + $2::bigint * interval '1 microsecond',
        attempts = d.attempts + 1
      from picked as p
      where d.tenant_id = p.tenant_id
        and d.id = p.id
      returning d.tenant_id, d.webhook_id, d.id, d.event_id, d.attempts, d.attempts_spent,
        d.own_faults, d.is_test, p.webhook_url, p.http_method, p.revision
    ), orphaned as materialized (
      -- The limit keeps the planner from reading the log to find them.
      select log.place
      from picked as p
      cross join lateral (
        select l.ctid as place
        from integrationd.webhook_delivery_logs as l
        where l.tenant_id = p.tenant_id
          and l.delivery_id = p.id
          and l.attempt_number = p.attempts
        limit 1
      ) as log
      where p.is_orphan
    ), abandoned as (
      update integrationd.webhook_delivery_logs as l
      set delivery_status = 'pending_retry',
        cause = 10,
        error_message = 'the daemon ended, or lost its lease, before it knew how this went',
        delivered_at = clock_timestamp(),
        next_retry_at = clock_timestamp()
      from orphaned as o
      where l.ctid = o.place
        and l.delivery_status = 'in_progress'
      returning l.tenant_id, l.webhook_id
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
    ), logged as (
      insert into integrationd.webhook_delivery_logs
        (tenant_id, delivery_id, attempt_number, webhook_id, event_id, event_type, request_url,
          request_method, created_at)
      select c.tenant_id, c.id, c.attempts, c.webhook_id, c.event_id, e.event_type, c.webhook_url,
        c.http_method, clock_timestamp()
      from claimed as c
      join integrationd.events as e
        on e.tenant_id = c.tenant_id
        and e.id = c.event_id
    )
    select c.tenant_id, c.webhook_id, c.id, c.event_id, e.event_type, e.event_data, c.attempts,
      c.attempts_spent, c.own_faults, c.is_test, c.revision
    from claimed as c
    join integrationd.events as e
      on e.tenant_id = c.tenant_id
      and e.id = c.event_id
    """
  }

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

  /// Settles attempts, element by element of the arrays: the delivery, its row of the log and its
  /// webhook's counters. Answers with those whose lease still held; the others change nothing.
  static let settle = Query(
    "queue.settle",
    """
    with done as materialized (
      select *
      from unnest(
        $1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::text[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[],
        $14::text[], $15::text[], $16::bytea[], $17::bigint[], $18::text[], $19::bigint[],
        $20::bigint[], $21::bigint[], $22::bigint[]
      ) as t (
        tenant_id, id, attempt, lease_token, state, delay_us, spends, own_fault, failure, cause,
        error_message, status_code, time_us, request_headers, response_headers, response_body,
        truncated, peer, resolve_us, connect_us, tls_us, first_byte_us)
    ), held as materialized (
      select done.*, log.place
      from done
      join integrationd.webhook_deliveries as d
        on d.tenant_id = done.tenant_id
        and d.id = done.id
        and d.lease_token = done.lease_token
        and d.state = 'pending'
      cross join lateral (
        -- The limit keeps the planner from reading the log to find it.
        select l.ctid as place
        from integrationd.webhook_delivery_logs as l
        where l.tenant_id = done.tenant_id
          and l.delivery_id = done.id
          and l.attempt_number = done.attempt
        limit 1
      ) as log
      order by d.tenant_id, d.id
      for update of d
    ), settled as (
      update integrationd.webhook_deliveries as d
      set state = h.state,
        lease_token = null,
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
      update integrationd.webhook_delivery_logs as l
      set delivery_status = case s.state
          when 'succeeded' then 'success'
          when 'failed' then 'failed'
          else 'pending_retry'
        end,
        cause = s.cause::integer,
        error_message = s.error_message,
        response_status_code = nullif(s.status_code, 0)::integer,
        response_time_ms = s.time_us / 1000.0,
        request_headers = s.request_headers,
        response_headers = s.response_headers,
        response_body = s.response_body,
        response_truncated = s.truncated = 1,
        peer_address = nullif(s.peer, ''),
        resolve_us = nullif(s.resolve_us, -1)::integer,
        connect_us = nullif(s.connect_us, -1)::integer,
        tls_us = nullif(s.tls_us, -1)::integer,
        first_byte_us = nullif(s.first_byte_us, -1)::integer,
        delivered_at = clock_timestamp(),
        next_retry_at = case when s.state = 'pending' then s.next_at end
      from settled as s
      where l.ctid = s.place
        and l.delivery_status = 'in_progress'
      returning l.tenant_id, l.webhook_id, l.delivery_status, l.created_at
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
    set due_at = now()
    from unnest($2::uuid[], $3::uuid[]) as lane (tenant_id, webhook_id)
    where d.tenant_id = lane.tenant_id
      and d.webhook_id = lane.webhook_id
      and d.state = 'pending'
      and d.lease_token = $1
    """)

  /// Cancels at most `$1` deliveries that are owed to deleted webhooks.
  static let cancelDeleted = Query(
    "queue.cancel_deleted",
    """
    with owed as (
      select d.tenant_id, d.id
      from integrationd.webhooks as w
      join integrationd.webhook_deliveries as d
        on d.tenant_id = w.tenant_id
        and d.webhook_id = w.id
        and d.state = 'pending'
      where w.deleted_at is not null
      limit $1
      for update of d skip locked
    ), cancelled as (
      update integrationd.webhook_deliveries as d
      set state = 'cancelled',
        lease_token = null,
        ended_at = now()
      from owed
      where d.tenant_id = owed.tenant_id
        and d.id = owed.id
      returning 1
    )
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
    ), purged as (
      delete from integrationd.webhook_deliveries as d
      using old
      where d.tenant_id = old.tenant_id
        and d.id = old.id
      returning 1
    )
    select count(*)
    from purged
    """,
    effect: .writes
  ) { row throws(RowError) in try row.int() }
}
