internal import PostgresClient

/// The statements on `integrationd.tenants`.
package enum TenantQueries {
  private static let columns =
    "id, display_name, state, suspension_reason, suspended_at, created_at, updated_at"

  /// A tenant; no row when the id is taken.
  static let insert = Query(
    "tenants.insert",
    """
    insert into integrationd.tenants (id, display_name)
    values ($1, $2)
    on conflict (id) do nothing
    returning \(columns)
    """, record)

  static let find = Query(
    "tenants.find",
    """
    select \(columns)
    from integrationd.tenants
    where id = $1
    """, record)

  /// One row when the tenant was active.
  static let suspend = Query(
    "tenants.suspend",
    """
    update integrationd.tenants
    set state = 'suspended',
      suspension_reason = $2,
      suspended_at = now(),
      updated_at = now()
    where id = $1
      and state = 'active'
    returning \(columns)
    """, record)

  /// One row when the tenant was suspended.
  static let resume = Query(
    "tenants.resume",
    """
    update integrationd.tenants
    set state = 'active',
      suspension_reason = '',
      suspended_at = null,
      updated_at = now()
    where id = $1
      and state = 'suspended'
    returning \(columns)
    """, record)

  /// Walks `tenants_by_age`.
  static let list = Query(
    "tenants.list",
    """
    select \(columns)
    from integrationd.tenants
    where (created_at, id) < ($1, $2)
    order by created_at desc, id desc
    limit $3
    """, record)

  /// Walks `tenants_by_state_and_age`.
  static let listInState = Query(
    "tenants.list_in_state",
    """
    select \(columns)
    from integrationd.tenants
    where (created_at, id) < ($1, $2)
      and state = $4
    order by created_at desc, id desc
    limit $3
    """, record)

  /// For callers that are limited to some tenants: a lookup by id for each.
  static let listVisible = Query(
    "tenants.list_visible",
    """
    select \(columns)
    from integrationd.tenants
    where (created_at, id) < ($1, $2)
      and ($4::text is null or state = $4)
      and id = any ($5)
    order by created_at desc, id desc
    limit $3
    """, record)

  private static let record: @Sendable (inout RowReader) throws(RowError) -> TenantRecord = {
    row throws(RowError) in
    TenantRecord(
      id: TenantID(try row.uuid()), displayName: try row.text(),
      isSuspended: try row.text() == "suspended", suspensionReason: try row.text(),
      suspendedAtUnixMicroseconds: try row.unixMicrosecondsIfPresent(),
      createdAtUnixMicroseconds: try row.unixMicroseconds(),
      updatedAtUnixMicroseconds: try row.unixMicroseconds())
  }
}
