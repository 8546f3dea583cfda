package import PostgresClient

/// The statements on `integrationd.event_types`.
package enum EventTypeQueries {
  /// Every statement, for the test that prepares each.
  package static let all: [Statement] = [
    insert.statement, count.statement, find.statement, list.statement, update.statement,
    delete.statement, schema.statement,
  ]

  private static let columns = """
    e.tenant_id, e.event_type, e.description, e.schema, e.schema is not null, e.is_archived,
      e.created_at, e.updated_at
    """

  /// A type; no row when the name is taken.
  static let insert = Query(
    "event_types.insert",
    """
    insert into integrationd.event_types as e (tenant_id, event_type, description, schema)
    values ($1, $2, $3, $4)
    on conflict (tenant_id, event_type) do nothing
    returning \(columns)
    """, record)

  static let count = Query(
    "event_types.count",
    """
    select count(*)
    from integrationd.event_types as e
    where e.tenant_id = $1
    """
  ) { row throws(RowError) in try row.int() }

  static let find = Query(
    "event_types.find",
    """
    select \(columns)
    from integrationd.event_types as e
    where e.tenant_id = $1
      and e.event_type = $2
    """, record)

  /// Walks the primary key. Without schemas.
  static let list = Query(
    "event_types.list",
    """
    select
      e.tenant_id, e.event_type, e.description, null::bytea, e.schema is not null, e.is_archived,
      e.created_at, e.updated_at
    from integrationd.event_types as e
    where e.tenant_id = $1
      and e.event_type > $2
      and starts_with(e.event_type, $3)
      and ($4 or not e.is_archived)
    order by e.event_type
    limit $5
    """, record)

  /// Changes what is not null; an empty schema: none. The moment of the change is never one of before,
  /// so that it tells two schemas apart.
  static let update = Query(
    "event_types.update",
    """
    update integrationd.event_types as e
    set description = coalesce($3, e.description),
      schema = case
        when $4::bytea is null then e.schema
        else nullif($4::bytea, ''::bytea)
      end,
      is_archived = coalesce($5, e.is_archived),
      updated_at = greatest(now(), e.updated_at + interval '1 microsecond')
    where e.tenant_id = $1
      and e.event_type = $2
    returning \(columns)
    """, record)

  static let delete = Query(
    "event_types.delete",
    """
    delete from integrationd.event_types as e
    where e.tenant_id = $1
      and e.event_type = $2
    """)

  /// When the type with a schema last changed, and the schema, unless that was at `$3`.
  static let schema = Query(
    "event_types.schema",
    """
    select e.updated_at, case when e.updated_at is distinct from $3 then e.schema end
    from integrationd.event_types as e
    where e.tenant_id = $1
      and e.event_type = $2
      and e.schema is not null
    """
  ) { row throws(RowError) in (updatedAt: try row.time(), schema: try row.bytesIfPresent()) }

  private static let record: @Sendable (inout RowReader) throws(RowError) -> EventTypeRecord = {
    row throws(RowError) in
    EventTypeRecord(
      tenant: TenantID(try row.uuid()), name: try row.text(), description: try row.text(),
      schema: try row.bytesIfPresent(), hasSchema: try row.bool(), isArchived: try row.bool(),
      createdAt: try row.time(), updatedAt: try row.time())
  }
}
