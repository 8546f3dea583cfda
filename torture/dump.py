"""The queries whose answers the ledger reads as ``dump/*.csv``.

Times are seconds since the epoch; payloads are left where they are, their hashes are taken.
"""

from __future__ import annotations


def _seconds(column: str) -> str:
    return f"extract(epoch from {column}) as {column}"


#: Name of the file -> query.
TABLES: dict[str, str] = {
    "events": f"""
        select tenant_id, id, event_type, encode(sha256(event_data), 'hex') as sha256,
          coalesce(idempotency_key, '') as idempotency_key, {_seconds('created_at')}
        from integrationd.events""",
    "webhook_deliveries": f"""
        select tenant_id, id, webhook_id, event_id, state, attempts, attempts_spent, own_faults,
          failure, is_test, lease_token, {_seconds('due_at')}, {_seconds('created_at')},
          {_seconds('ended_at')}
        from integrationd.webhook_deliveries""",
    "webhook_delivery_logs": f"""
        select tenant_id, delivery_id, attempt_number, webhook_id, event_id, delivery_status,
          cause, response_status_code, error_message, {_seconds('created_at')},
          {_seconds('delivered_at')}, {_seconds('next_retry_at')}
        from integrationd.webhook_delivery_logs
        union all
        -- The attempt on its way is noted at its delivery.
        select tenant_id, id, attempts, webhook_id, event_id, 'in_progress', 0, null, '',
          {_seconds('attempt_started_at')}, null, null
        from integrationd.webhook_deliveries
        where lease_token is not null""",
    "webhook_statistics": """
        select tenant_id, webhook_id, total_deliveries, successful_deliveries, failed_deliveries,
          total_attempts
        from integrationd.webhook_statistics""",
    "webhooks": f"""
        select tenant_id, id, is_active, disabled_reason, {_seconds('deleted_at')}
        from integrationd.webhooks""",
}


def copy_statement(name: str) -> str:
    """The SQL that writes a table to the client, as CSV with a header."""
    return f"copy ({TABLES[name]}) to stdout with (format csv, header)"


#: Deliveries that ended since a moment (``$since``, seconds): what may never change again.
ENDED_SINCE = """
    copy (
      select tenant_id, id, state, extract(epoch from ended_at) as ended_at, attempts
      from integrationd.webhook_deliveries
      where state <> 'pending' and ended_at >= to_timestamp({since})
    ) to stdout with (format csv, header)"""

#: Deliveries that are still owed to a webhook that is active.
OWED = """
    select count(*)
    from integrationd.webhook_deliveries as d
    join integrationd.webhooks as w on w.tenant_id = d.tenant_id and w.id = d.webhook_id
    where d.state = 'pending' and w.is_active"""
