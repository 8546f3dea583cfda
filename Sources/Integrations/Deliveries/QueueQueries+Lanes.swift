internal import FoundationEssentials
internal import PostgresClient

/// How lanes with work are found.
extension QueueQueries {
  /// A lane with something pending, and in how many microseconds its first is due.
  struct Lane: Sendable {
    let lane: WebhookLane
    let dueIn: Duration
  }

  /// The next `$3` lanes behind `($1, $2)`, whether or not their webhooks are active. Hops from lane
  /// to lane through `webhook_deliveries_due`: its cost is the lanes, not what is pending in them.
  /// What is being attempted counts only once its lease has run out.
  static let lanes = Query(
    "queue.lanes",
    hopping(
      first: "(d.tenant_id, d.webhook_id) > ($1::uuid, $2::uuid)",
      next: "(d.tenant_id, d.webhook_id) > (lane.tenant_id, lane.webhook_id)", limit: "$3"), lane)

  /// The same within one tenant `$1`.
  static let lanesOfTenant = Query(
    "queue.lanes_of_tenant",
    hopping(
      first: "d.tenant_id = $1::uuid",
      next: "d.tenant_id = $1::uuid and d.webhook_id > lane.webhook_id", limit: "$2"), lane)

  private static func hopping(first: String, next: String, limit: String) -> String {
    """
    with recursive lane as (
      (
        select d.tenant_id, d.webhook_id, d.due_at
        from integrationd.webhook_deliveries as d
        where d.state = 'pending'
          and \(isFree)
          and \(first)
        order by d.tenant_id, d.webhook_id, d.due_at
        limit 1
      )
      union all
      select n.tenant_id, n.webhook_id, n.due_at
      from lane
      cross join lateral (
        select d.tenant_id, d.webhook_id, d.due_at
        from integrationd.webhook_deliveries as d
        where d.state = 'pending'
          and \(isFree)
          and \(next)
        order by d.tenant_id, d.webhook_id, d.due_at
        limit 1
      ) as n
    )
    select tenant_id, webhook_id,
      (extract(epoch from due_at - clock_timestamp()) * 1000000)::bigint
    from lane
    limit \(limit)
    """
  }

  private static let lane: @Sendable (inout RowReader) throws(RowError) -> Lane = {
    row throws(RowError) in
    Lane(
      lane: WebhookLane(tenant: TenantID(try row.uuid()), webhook: WebhookID(try row.uuid())),
      dueIn: .microseconds(try row.int()))
  }
}
