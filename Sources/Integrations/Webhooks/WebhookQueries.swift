internal import DeliveryRules
internal import IntegrationAPI
package import PostgresClient
internal import Signing

/// The statements on `integrationd.webhooks` and `integrationd.webhook_statistics`.
package enum WebhookQueries {
  /// Every statement, for the test that prepares each.
  package static let all: [Statement] = [
    find.statement, list.statement, lock.statement, countLive.statement, insert.statement,
    update.statement, delete.statement, countOwed.statement, cancelOwed.statement,
    targets.statement, disable.statement, sealedBefore.statement, rewrap.statement,
    countSealed.statement,
  ]

  private static let settingsColumns = """
    w.tenant_id, w.id, w.webhook_name, w.webhook_url, w.subscribed_events, w.auth_type,
      w.signature_profile, w.signature_header, w.auth_credentials, w.http_method, w.timeout_ms,
      w.retry_enabled, w.max_retries, w.retry_delay_ms, w.retry_preset, w.retry_delays_ms,
      w.retry_jitter_percent, w.retry_status_rules, w.is_active, w.disabled_reason, w.revision,
      w.created_at, w.updated_at, now()
    """

  private static let columns = """
    \(settingsColumns),
      coalesce(s.total_deliveries, 0), coalesce(s.successful_deliveries, 0),
      coalesce(s.failed_deliveries, 0), coalesce(s.total_attempts, 0), s.last_delivery_at,
      s.last_delivery_status
    """

  private static let withStatistics = """
    left join integrationd.webhook_statistics as s
      on s.tenant_id = w.tenant_id
      and s.webhook_id = w.id
    """

  static let find = Lookup(
    "webhooks.find",
    """
    select \(columns)
    from integrationd.webhooks as w
    \(withStatistics)
    where w.tenant_id = asked.tenant_id
      and w.id = asked.id
      and w.deleted_at is null
    """, webhook)

  /// Walks `webhooks_by_age`. `$6`: the subscriptions that cover a type.
  static let list = Query(
    "webhooks.list",
    """
    select \(columns)
    from integrationd.webhooks as w
    \(withStatistics)
    where w.tenant_id = $1
      and w.deleted_at is null
      and (w.created_at, w.id) < ($2, $3)
      and (
        $5::text is null
        or $5 = case
          when w.is_active then 'active'
          when w.disabled_reason <> '' then 'disabled_by_receiver'
          else 'disabled'
        end
      )
      and ($6::text[] is null or w.subscribed_events && $6)
    order by w.created_at desc, w.id desc
    limit $4
    """, webhook)

  /// As ``find``. Locks the webhook until the transaction ends.
  static let lock = Query(
    "webhooks.lock",
    """
    select \(columns)
    from integrationd.webhooks as w
    \(withStatistics)
    where w.tenant_id = $1
      and w.id = $2
      and w.deleted_at is null
    for no key update of w
    """, webhook)

  static let countLive = Query(
    "webhooks.count_live",
    """
    select count(*)
    from integrationd.webhooks as w
    where w.tenant_id = $1
      and w.deleted_at is null
    """
  ) { row throws(RowError) in try row.int() }

  /// A webhook of revision 1, and its counters.
  static let insert = Query(
    "webhooks.insert",
    """
    with webhook as (
      insert into integrationd.webhooks (
        tenant_id, id, webhook_name, webhook_url, subscribed_events, auth_type,
        signature_profile, signature_header, auth_credentials, http_method, timeout_ms,
        retry_enabled, max_retries, retry_delay_ms, retry_preset, retry_delays_ms,
        retry_jitter_percent, retry_status_rules, is_active, disabled_reason, revision
      )
      values (
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21
      )
      returning tenant_id, id
    )
    insert into integrationd.webhook_statistics (tenant_id, webhook_id)
    select webhook.tenant_id, webhook.id
    from webhook
    """)

  /// Writes a webhook that this transaction has locked.
  static let update = Query(
    "webhooks.update",
    """
    update integrationd.webhooks as w
    set webhook_name = $3,
      webhook_url = $4,
      subscribed_events = $5,
      auth_type = $6,
      signature_profile = $7,
      signature_header = $8,
      auth_credentials = $9,
      http_method = $10,
      timeout_ms = $11,
      retry_enabled = $12,
      max_retries = $13,
      retry_delay_ms = $14,
      retry_preset = $15,
      retry_delays_ms = $16,
      retry_jitter_percent = $17,
      retry_status_rules = $18,
      is_active = $19,
      disabled_reason = $20,
      revision = $21,
      updated_at = now()
    where w.tenant_id = $1
      and w.id = $2
    """)

  /// Deletes a webhook that this transaction has locked, and its credentials with it: `$3` is an
  /// envelope without any.
  static let delete = Query(
    "webhooks.delete",
    """
    update integrationd.webhooks as w
    set deleted_at = now(),
      is_active = false,
      disabled_reason = '',
      auth_credentials = $3,
      revision = $4,
      updated_at = now()
    where w.tenant_id = $1
      and w.id = $2
    """)

  /// Deliveries that are owed to a webhook. Walks `webhook_deliveries_due`.
  static let countOwed = Query(
    "webhooks.count_owed",
    """
    select count(*)
    from integrationd.webhook_deliveries as d
    where d.tenant_id = $1
      and d.webhook_id = $2
      and d.state = 'pending'
      and d.lease_token is null
    """
  ) { row throws(RowError) in try row.int() }

  /// Cancels at most `$3` deliveries that are owed to a deleted webhook. An attempt that is on its
  /// way ends as it does.
  static let cancelOwed = Query(
    "webhooks.cancel_owed",
    """
    with owed as (
      select d.tenant_id, d.id
      from integrationd.webhook_deliveries as d
      where d.tenant_id = $1
        and d.webhook_id = $2
        and d.state = 'pending'
        and d.lease_token is null
      order by d.id
      limit $3
      for update
    ), cancelled as (
      update integrationd.webhook_deliveries as d
      set state = 'cancelled',
        ended_at = now()
      from owed
      where d.tenant_id = owed.tenant_id
        and d.id = owed.id
      returning 1
    )
    select count(*)
    from cancelled
    """, effect: .writes
  ) { row throws(RowError) in try row.int() }

  // MARK: For background work, as the worker

  /// The webhooks of these lanes that are not deleted.
  static let targets = Query(
    "webhooks.targets",
    """
    select \(settingsColumns)
    from unnest($1::uuid[], $2::uuid[]) as lane (tenant_id, webhook_id)
    join integrationd.webhooks as w
      on w.tenant_id = lane.tenant_id
      and w.id = lane.webhook_id
      and w.deleted_at is null
    """, settings)

  /// Disables a webhook because of what its receiver answered. Its revision stays: nothing changes
  /// that it takes to deliver, and the credentials keep their envelope.
  static let disable = Query(
    "webhooks.disable",
    """
    update integrationd.webhooks as w
    set is_active = false,
      disabled_reason = $3,
      updated_at = now()
    where w.tenant_id = $1
      and w.id = $2
      and w.is_active
    """)

  /// Envelopes whose key-encryption key, the four bytes behind the first, is older than `$1`. Those of
  /// deleted webhooks too: they need the old key as much.
  static let sealedBefore = Query(
    "webhooks.sealed_before",
    """
    select w.tenant_id, w.id, w.revision, w.auth_credentials
    from integrationd.webhooks as w
    where (w.tenant_id, w.id) > ($2, $3)
      and substring(w.auth_credentials from 2 for 4) < $1
    order by w.tenant_id, w.id
    limit $4
    """
  ) { row throws(RowError) in
    SealedWebhook(
      lane: WebhookLane(tenant: TenantID(try row.uuid()), webhook: WebhookID(try row.uuid())),
      revision: try row.int(), envelope: try row.bytes())
  }

  /// Puts an envelope in the place of another one of the same value, unless a change was faster.
  static let rewrap = Query(
    "webhooks.rewrap",
    """
    update integrationd.webhooks as w
    set auth_credentials = $5
    where w.tenant_id = $1
      and w.id = $2
      and w.revision = $3
      and w.auth_credentials = $4
    """)

  /// Rows by the version of the key-encryption key that they need.
  static let countSealed = Query(
    "webhooks.count_sealed",
    """
    select
      ('x' || encode(substring(w.auth_credentials from 2 for 4), 'hex'))::bit(32)::integer as version,
      count(*)
    from integrationd.webhooks as w
    group by 1
    order by 1
    """
  ) { row throws(RowError) in (version: try row.int32(), rows: try row.int()) }

  // MARK: Rows

  private static let webhook: @Sendable (inout RowReader) throws(RowError) -> WebhookRow = {
    row throws(RowError) in
    var webhook = try settings(&row)
    webhook.statistics = WebhookStatistics(
      totalDeliveries: try row.int(), successfulDeliveries: try row.int(),
      failedDeliveries: try row.int(), totalAttempts: try row.int(),
      lastDeliveryAt: try row.timeIfPresent(),
      lastDeliveryStatus: try row.attemptStatusIfPresent() ?? .unspecified)
    return webhook
  }

  private static let settings: @Sendable (inout RowReader) throws(RowError) -> WebhookRow = {
    row throws(RowError) in
    let lane = WebhookLane(tenant: TenantID(try row.uuid()), webhook: WebhookID(try row.uuid()))
    let (name, url, events) = (try row.text(), try row.text(), try row.textArray())
    let authentication = try row.webhookAuthentication()
    let sealed = try row.bytes()
    let (method, timeout) = (try row.text(), try row.int())
    let retry = try row.webhookRetry()
    return WebhookRow(
      lane: lane,
      settings: WebhookSettings(
        name: name, url: url, subscribedEvents: events, authentication: authentication,
        method: method, timeoutMs: timeout, retry: retry, isActive: try row.bool()),
      sealed: sealed, disabledReason: try row.text(), revision: try row.int(),
      createdAt: try row.time(), updatedAt: try row.time(), readAt: try row.time())
  }
}

/// An envelope and the place it opens in.
struct SealedWebhook: Sendable {
  let lane: WebhookLane
  let revision: Int64
  let envelope: [UInt8]
}

extension RowReader {
  /// `auth_type`, `signature_profile` and `signature_header`.
  fileprivate mutating func webhookAuthentication() throws(RowError) -> WebhookAuthentication {
    let (type, profile, header) = (try text(), try text(), try text())
    switch type {
    case "none": return .none
    case "basic": return .basic
    case "bearer": return .bearer
    case "hmac":
      guard let form = SignatureForm(name: profile, header: header) else {
        throw .refused("unknown signature_profile")
      }
      return .hmac(form)
    default: throw .refused("unknown auth_type")
    }
  }

  /// `retry_enabled` and what follows it.
  fileprivate mutating func webhookRetry() throws(RowError) -> WebhookRetrySettings {
    let (isEnabled, maxRetries, delay) = (try bool(), try int32(), try int())
    guard let preset = WebhookRetrySettings.Preset(rawValue: try text()) else {
      throw .refused("unknown retry_preset")
    }
    let (delays, jitter) = (try intArray(), try int32())
    guard let rules = [StatusRule](numbers: try intArray()) else {
      throw .refused("unreadable retry_status_rules")
    }
    return WebhookRetrySettings(
      isEnabled: isEnabled, maxRetries: maxRetries, delayMs: delay,
      policy: WebhookRetrySettings.Policy(
        preset: preset, delaysMs: delays, jitterPercent: jitter, rules: rules))
  }

  /// `last_delivery_status`.
  fileprivate mutating func attemptStatusIfPresent() throws(RowError) -> AttemptStatus? {
    switch try textIfPresent() {
    case nil: nil
    case "success": .success
    case "failed": .failed
    case "pending_retry": .pendingRetry
    default: throw .refused("unknown last_delivery_status")
    }
  }
}
