import FoundationEssentials
import Logging
import PostgresClient
import Reactor
import TestSupport

/// A database of its own with the tables these tests use, loops, and a running client.
final class TestWorld: Sendable {
  let data: TestDatabase
  let loops: EventLoopGroup
  let database: Database

  /// - Parameters:
  ///   - server: nil: the one all tests share.
  ///   - socketDirectory: where the client looks for the server, when something stands in between.
  ///   - configure: changes the client's configuration.
  init(
    server: TestCluster? = nil, loopCount: Int = 2, socketDirectory: String? = nil,
    configure: (inout DatabaseConfiguration) -> Void = { _ in }
  ) async throws {
    data = try await TestDatabase.make([Self.schema], on: server)
    try await data.execute("alter database \(data.name) set deadlock_timeout = '20ms'")
    loops = try EventLoopGroup(count: loopCount, name: "pg-test")
    var app = data.connectionString(for: .app)
    if let socketDirectory { app += " host=\(socketDirectory)" }
    var configuration = DatabaseConfiguration(
      app: .init(conninfo: app),
      // As an operator with one login for everything would have it.
      worker: .init(
        conninfo: data.connectionString(for: .superuser), role: ClusterRole.worker.roleName))
    // A busy machine is no outage.
    configuration.patience = .seconds(100)
    configuration.connectTimeout = .seconds(100)
    configuration.statementTimeout = .seconds(100)
    configuration.lockTimeout = .seconds(100)
    configuration.stallTimeout = .seconds(100)
    configure(&configuration)
    database = try Self.client(configuration, loops)
  }

  static func client(
    _ configuration: DatabaseConfiguration, _ loops: EventLoopGroup
  ) throws -> Database {
    var logger = Logger(label: "postgres-client-tests")
    logger.logLevel = .critical
    return try Database(configuration: configuration, loops: loops, logger: logger)
  }

  /// Runs `body` with the client running, and ends everything.
  static func with(
    server: TestCluster? = nil, loopCount: Int = 2, socketDirectory: String? = nil,
    configure: (inout DatabaseConfiguration) -> Void = { _ in },
    _ body: @Sendable (TestWorld) async throws -> Void
  ) async throws {
    let world = try await TestWorld(
      server: server, loopCount: loopCount, socketDirectory: socketDirectory,
      configure: configure)
    try await world.run(body)
  }

  func run(_ body: @Sendable (TestWorld) async throws -> Void) async throws {
    let running = Task { await database.run() }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(self))
    } catch {
      result = .failure(error)
    }
    database.shutdown()
    await running.value
    await loops.shutdown()
    try result.get()
  }

  /// Starts one task per element on one loop, so that all their first statements share a turn.
  func together<Element: Sendable, Value: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) async -> Value
  ) async -> [Value] {
    await loops.loops[0].run {
      await withTaskGroup(of: (Int, Value).self) { group in
        for (index, element) in elements.enumerated() {
          group.addTask { (index, await body(element)) }
        }
        var values: [Int: Value] = [:]
        for await (index, value) in group { values[index] = value }
        return elements.indices.compactMap { values[$0] }
      }
    }
  }

  static let schema = Migration(
    name: "v0001_client_tests",
    sql: """
      create function current_tenant() returns uuid stable language sql as
        $$ select current_setting('integrationd.tenant_id')::uuid $$;
      create table notes (
        tenant_id uuid not null,
        id int not null,
        body text not null constraint notes_body_given check (body <> ''),
        primary key (tenant_id, id)
      );
      alter table notes enable row level security;
      alter table notes force row level security;
      create policy by_tenant on notes to integrationd_app
        using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
      create policy everything on notes to integrationd_worker using (true) with check (true);
      create table counters (id int primary key, value bigint not null);
      insert into counters values (1, 0), (2, 0);
      create table late (
        id int primary key,
        other int not null
          constraint late_other references counters deferrable initially deferred
      );
      create table parts (
        tenant_id uuid not null,
        id uuid not null,
        divisor int not null,
        primary key (tenant_id, id)
      );
      alter table parts enable row level security;
      alter table parts force row level security;
      create policy by_tenant on parts to integrationd_app
        using (tenant_id = current_tenant()) with check (tenant_id = current_tenant());
      grant select, insert, update, delete on notes, counters, late, parts
        to integrationd_app, integrationd_worker;
      """)
}

extension Deadline {
  /// Long enough never to matter.
  static var ample: Deadline { .within(.seconds(120)) }
}

/// What became of a call, for comparing.
func outcome<Value: Sendable>(
  _ body: () async throws(DatabaseError) -> Value
) async -> Result<Value, DatabaseError> {
  do throws(DatabaseError) {
    return .success(try await body())
  } catch {
    return .failure(error)
  }
}
