import FoundationEssentials
import PostgresClient

enum Queries {
  static let add = Query<Void>(
    "notes.add", "insert into notes (tenant_id, id, body) values ($1, $2, $3)")
  static let bodies = Query("notes.bodies", "select body from notes order by id") {
    row throws(RowError) in try row.text()
  }
  static let all = Query(
    "notes.all", "select tenant_id, id, body from notes order by tenant_id, id"
  ) { row throws(RowError) in
    Note(tenant: try row.uuid(), id: try row.int(), body: try row.text())
  }
  static let count = Query("notes.count", "select count(*) from notes") { row throws(RowError) in
    try row.int()
  }
  static let echo = Query("echo", "select $1::text") { row throws(RowError) in
    try row.textIfPresent()
  }
  static let bump = Query(
    "counters.bump", "update counters set value = value + 1 where id = $1 returning value"
  ) { row throws(RowError) in try row.int() }
  static let counter = Query("counters.get", "select value from counters where id = $1") {
    row throws(RowError) in try row.int()
  }
  static let addLate = Query<Void>("late.add", "insert into late (id, other) values ($1, $2)")
  static let lateCount = Query("late.count", "select count(*) from late") {
    row throws(RowError) in try row.int()
  }
  static let pid = Query("pid", "select pg_backend_pid()") { row throws(RowError) in
    try row.int()
  }
  static let divide = Query("divide", "select 1 / $1::int") { row throws(RowError) in
    try row.int()
  }
  static let sleep = Query("sleep", "select 1 from pg_sleep($1)") { row throws(RowError) in
    try row.int()
  }
  static let tenant = Query(
    "tenant", "select current_setting('integrationd.tenant_id', true)"
  ) { row throws(RowError) in try row.textIfPresent() }
  static let transactionID = Query(
    "transaction_id", "select pg_current_xact_id()::text", effect: .writes
  ) { row throws(RowError) in try row.text() }
}

struct Note: Sendable, Equatable {
  let tenant: UUID
  let id: Int64
  let body: String
}
