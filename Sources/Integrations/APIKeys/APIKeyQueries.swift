internal import KeyRules
internal import PostgresClient

/// The statements on `integrationd.api_keys` and `integrationd.api_key_secrets`.
package enum APIKeyQueries {
  /// A key and one of its live secrets, which may be missing.
  private static let columns = """
    k.id, k.tenant_id, k.key_name, k.environment, k.allowed_endpoints, k.allowed_ip_addresses,
      k.rate_limit_per_minute, k.rate_limit_per_hour, k.expires_at, k.rotation_frequency_days,
      k.notes, k.total_requests, k.last_used_at, k.is_active, k.last_rotated_at,
      k.has_api_secret, k.revoked_at, k.created_at, k.updated_at, now(),
      s.version, s.prefix, s.last_four, s.created_at, s.expires_at, s.last_used_at
    """

  private static let liveSecrets = """
    left join integrationd.api_key_secrets as s
      on s.tenant_id = k.tenant_id
      and s.key_id = k.id
      and s.ended_at is null
      and (s.expires_at is null or s.expires_at > now())
    """

  /// A row for each live secret, newest first; one row when there is none.
  static let find = Query(
    "api_keys.find",
    """
    select \(columns)
    from integrationd.api_keys as k
    \(liveSecrets)
    where k.tenant_id = $1
      and k.id = $2
    order by s.version desc
    """, key)

  /// Walks `api_keys_by_age`; rows as in ``find``.
  static let list = Query(
    "api_keys.list",
    """
    with page as (
      select k.tenant_id, k.id
      from integrationd.api_keys as k
      where k.tenant_id = $1
        and (k.created_at, k.id) < ($2, $3)
        and ($5::text is null or k.environment = $5)
        and (
          $6::text is null
          or $6 = case
            when k.revoked_at is not null then 'revoked'
            when not k.is_active then 'disabled'
            when k.expires_at <= now() then 'expired'
            else 'active'
          end
        )
      order by k.created_at desc, k.id desc
      limit $4
    )
    select \(columns)
    from page
    join integrationd.api_keys as k on k.tenant_id = page.tenant_id and k.id = page.id
    \(liveSecrets)
    order by k.created_at desc, k.id desc, s.version desc
    """, effect: .reads, key)

  /// Whether the tenant is suspended, and the time. Locks its row until the transaction ends: keys
  /// are issued one after the other, and none once the tenant is suspended.
  static let lockTenant = Query(
    "api_keys.lock_tenant",
    """
    select t.state = 'suspended', now()
    from integrationd.tenants as t
    where t.id = $1
    for no key update
    """
  ) { row throws(RowError) in
    LockedTenant(isSuspended: try row.bool(), now: try row.time())
  }

  static let countLive = Query(
    "api_keys.count_live",
    """
    select count(*)
    from integrationd.api_keys as k
    where k.tenant_id = $1
      and k.revoked_at is null
    """
  ) { row throws(RowError) in try row.int() }

  /// A key, its first secret and its limits.
  static let insert = Query(
    "api_keys.insert",
    """
    with key as (
      insert into integrationd.api_keys (
        tenant_id, id, key_name, environment, allowed_endpoints, allowed_ip_addresses,
        rate_limit_per_minute, rate_limit_per_hour, expires_at, rotation_frequency_days, notes,
        has_api_secret
      )
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
      returning tenant_id, id
    ), limits as (
      insert into integrationd.api_key_limits (tenant_id, key_id)
      select key.tenant_id, key.id
      from key
    )
    insert into integrationd.api_key_secrets (
      tenant_id, key_id, version, api_key_digest, pepper_version, prefix, last_four, api_secret
    )
    select key.tenant_id, key.id, $13, $14, $15, $16, $17, $18
    from key
    """)

  /// What a change has to know. Locks the key until the transaction ends.
  static let lock = Query(
    "api_keys.lock",
    """
    select
      k.revoked_at is not null, k.is_active, coalesce(k.expires_at <= now(), false),
      k.environment, k.has_api_secret,
      (
        select max(s.version)
        from integrationd.api_key_secrets as s
        where s.tenant_id = k.tenant_id
          and s.key_id = k.id
      ),
      now()
    from integrationd.api_keys as k
    where k.tenant_id = $1
      and k.id = $2
    for no key update
    """
  ) { row throws(RowError) in
    LockedAPIKey(
      isRevoked: try row.bool(), isActive: try row.bool(), isExpired: try row.bool(),
      environment: try row.environment(), hasAPISecret: try row.bool(),
      newestVersion: try row.int32(), now: try row.time())
  }

  /// Changes what is not null; the expiry when `$9` says so.
  static let update = Query(
    "api_keys.update",
    """
    update integrationd.api_keys as k
    set key_name = coalesce($3, k.key_name),
      is_active = coalesce($4, k.is_active),
      allowed_endpoints = coalesce($5, k.allowed_endpoints),
      allowed_ip_addresses = coalesce($6, k.allowed_ip_addresses),
      rate_limit_per_minute = coalesce($7, k.rate_limit_per_minute),
      rate_limit_per_hour = coalesce($8, k.rate_limit_per_hour),
      expires_at = case when $9 then $10 else k.expires_at end,
      rotation_frequency_days = coalesce($11, k.rotation_frequency_days),
      notes = coalesce($12, k.notes),
      updated_at = now()
    where k.tenant_id = $1
      and k.id = $2
    """)

  /// Ends the key and its secrets, and erases the signing secrets.
  static let revoke = Query(
    "api_keys.revoke",
    """
    with ended as (
      update integrationd.api_key_secrets as s
      set ended_at = least(now(), s.expires_at),
        api_secret = null
      where s.tenant_id = $1
        and s.key_id = $2
        and s.ended_at is null
    )
    update integrationd.api_keys as k
    set revoked_at = now(),
      updated_at = now()
    where k.tenant_id = $1
      and k.id = $2
    """)

  /// Ends the secrets before version `$3`, and that one too unless it has a grace period of `$4`
  /// microseconds.
  static let retire = Query(
    "api_keys.retire",
    """
    update integrationd.api_key_secrets as s
    set ended_at = case
        when s.version < $3 or $4::bigint = 0 then least(now(), s.expires_at)
      end,
      expires_at = case
        when s.version < $3 or $4::bigint = 0 then s.expires_at
        else now() + $4::bigint * interval '1 microsecond'
      end,
      api_secret = case when s.version = $3 and $4::bigint <> 0 then s.api_secret end
    where s.tenant_id = $1
      and s.key_id = $2
      and s.ended_at is null
    """)

  /// The next secret of a key.
  static let rotate = Query(
    "api_keys.rotate",
    """
    with secret as (
      insert into integrationd.api_key_secrets (
        tenant_id, key_id, version, api_key_digest, pepper_version, prefix, last_four, api_secret
      )
      values ($1, $2, $3, $4, $5, $6, $7, $8)
    )
    update integrationd.api_keys as k
    set last_rotated_at = now(),
      updated_at = now()
    where k.tenant_id = $1
      and k.id = $2
    """)

  /// Puts the digest with a newer pepper in place of the old one.
  static let rehash = Query(
    "api_keys.rehash",
    """
    update integrationd.api_key_secrets as s
    set api_key_digest = $4,
      pepper_version = $5
    where s.tenant_id = $1
      and s.key_id = $2
      and s.version = $3
      and s.pepper_version < $5
    """)

  /// The key with one of these digests, for verification. `unscoped`: nobody knows the tenant yet.
  static let findByDigest = Query(
    "api_keys.find_by_digest",
    """
    select
      f.tenant_id, f.key_id, f.secret_version, f.api_key_digest, f.pepper_version, f.api_secret,
      f.secret_expires_at, f.secret_has_ended, f.newest_version, f.key_name, f.environment,
      f.allowed_endpoints, f.allowed_ip_addresses, f.has_limits, f.is_active, f.is_revoked,
      f.key_expires_at, f.tenant_is_suspended, f.found_at
    from integrationd.find_api_key($1) as f
    """, effect: .reads
  ) { row throws(RowError) in
    PresentedAPIKey(
      tenant: TenantID(try row.uuid()), id: APIKeyID(try row.uuid()),
      secretVersion: try row.int32(), digest: try row.bytes(), pepperVersion: try row.int32(),
      sealedSigningSecret: try row.bytesIfPresent(), secretExpiresAt: try row.timeIfPresent(),
      secretHasEnded: try row.bool(), newestVersion: try row.int32(), keyName: try row.text(),
      environment: try row.environment(), allowedEndpoints: try row.textArray(),
      allowedIPAddresses: try row.textArray(), hasLimits: try row.bool(),
      isActive: try row.bool(), isRevoked: try row.bool(), keyExpiresAt: try row.timeIfPresent(),
      tenantIsSuspended: try row.bool(), foundAt: try row.time())
  }

  private static let key: @Sendable (inout RowReader) throws(RowError) -> APIKey = {
    row throws(RowError) in
    var key = APIKey(
      id: APIKeyID(try row.uuid()), tenant: TenantID(try row.uuid()),
      settings: try settings(&row), totalRequests: try row.int(),
      lastUsedAt: try row.timeIfPresent(), isActive: try row.bool(),
      lastRotatedAt: try row.timeIfPresent(), hasAPISecret: try row.bool(),
      revokedAt: try row.timeIfPresent(), createdAt: try row.time(), updatedAt: try row.time(),
      secrets: [], readAt: try row.time())
    guard let version = try row.intIfPresent() else {
      try row.skipRest()
      return key
    }
    key.secrets = [
      APIKeySecret(
        version: Int32(truncatingIfNeeded: version), prefix: try row.text(),
        lastFour: try row.text(), createdAt: try row.time(), expiresAt: try row.timeIfPresent(),
        lastUsedAt: try row.timeIfPresent())
    ]
    return key
  }

  private static func settings(_ row: inout RowReader) throws(RowError) -> APIKeySettings {
    APIKeySettings(
      keyName: try row.text(), environment: try row.environment(),
      allowedEndpoints: try row.textArray(), allowedIPAddresses: try row.textArray(),
      rateLimitPerMinute: try row.int32(), rateLimitPerHour: try row.int32(),
      expiresAt: try row.timeIfPresent(), rotationFrequencyDays: try row.int32(),
      notes: try row.text())
  }
}

extension RowReader {
  mutating func time() throws(RowError) -> UnixTime {
    UnixTime(microseconds: try unixMicroseconds())
  }

  mutating func timeIfPresent() throws(RowError) -> UnixTime? {
    try unixMicrosecondsIfPresent().map(UnixTime.init(microseconds:))
  }

  mutating func environment() throws(RowError) -> KeyEnvironment {
    guard let environment = KeyEnvironment(rawValue: try text()) else {
      throw .refused("unknown environment")
    }
    return environment
  }
}
