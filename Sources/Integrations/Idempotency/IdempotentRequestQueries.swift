internal import PostgresClient

/// The statements on `integrationd.idempotent_requests`.
package enum IdempotentRequestQueries {
  /// Claims a key: one row when it is free or its row has expired, none when it is taken. Waits for
  /// a transaction that is just claiming it. The moment goes into the envelope.
  static let claim = Query(
    "idempotent_requests.claim",
    """
    insert into integrationd.idempotent_requests as held
      (tenant_id, caller, idempotency_key, method)
    values ($1, $2, $3, $4)
    on conflict (tenant_id, caller, idempotency_key) do update
    set method = excluded.method,
      response = null,
      created_at = excluded.created_at,
      expires_at = excluded.expires_at
    where held.expires_at <= now()
    returning created_at
    """
  ) { row throws(RowError) in try row.unixMicroseconds() }

  /// Keeps the answer of a claimed key.
  static let answer = Query(
    "idempotent_requests.answer",
    """
    update integrationd.idempotent_requests
    set response = $4
    where tenant_id = $1
      and caller = $2
      and idempotency_key = $3
    """)

  /// The answer of a taken key.
  static let find = Query(
    "idempotent_requests.find",
    """
    select response, created_at
    from integrationd.idempotent_requests
    where tenant_id = $1
      and caller = $2
      and idempotency_key = $3
    """
  ) { row throws(RowError) in
    (response: try row.bytes(), createdAt: try row.unixMicroseconds())
  }

  /// Deletes at most `$1` expired rows, oldest first.
  static let purge = Query(
    "idempotent_requests.purge",
    """
    with expired as (
      select tenant_id, caller, idempotency_key
      from integrationd.idempotent_requests
      where expires_at <= now()
      order by expires_at
      limit $1
    ), purged as (
      delete from integrationd.idempotent_requests as held
      using expired
      where held.tenant_id = expired.tenant_id
        and held.caller = expired.caller
        and held.idempotency_key = expired.idempotency_key
      returning 1
    )
    select count(*)
    from purged
    """,
    effect: .writes
  ) { row throws(RowError) in try row.int() }
}
