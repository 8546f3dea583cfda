import FoundationEssentials
import Reactor
import TestSupport
import Testing

@Suite("integrationctl, with a hand in the database")
struct CommandLineDatabaseTests {
  /// A daemon, and a tenant of it.
  private struct World {
    let home: DaemonHome
    let database: ExternalDatabase
    let daemon: DaemonProcess
    let tenant = UUID().uuidString.lowercased()

    init() async throws {
      home = try await DaemonHome()
      database = try await ExternalDatabase()
      daemon = try await home.start(try await database.options(home))
      try await daemon.untilReady()
      _ = try await ctl("tenants", "create", "School", "--id", tenant)
    }

    func ctl(_ arguments: String...) async throws -> ChildProcess.Exit {
      try await run(arguments)
    }

    func run(_ arguments: [String]) async throws -> ChildProcess.Exit {
      try await home.run(["--socket", daemon.socket] + arguments, program: "integrationctl")
    }

    func field(_ name: String, of exit: ChildProcess.Exit) throws -> String {
      let line = try #require(
        exit.outputText.split(separator: "\n").first { $0.hasPrefix(name + ":") },
        "\(exit.outputText)\(exit.errorText)")
      return String(line.dropFirst(name.count + 1).drop { $0 == " " })
    }
  }

  @Test("usage since a span ago is shown over all its pages")
  func usage() async throws {
    let world = try await World()
    let key = try world.field(
      "key", of: try await world.ctl("keys", "create", world.tenant, "portal"))
    try await world.database.store.execute(
      """
      insert into integrationd.api_key_usage
        (tenant_id, key_id, hour, secret_version, code, count)
      select '\(world.tenant)', '\(key)', date_trunc('hour', now(), 'UTC') - n * interval '1 hour',
        1, 1, n
      from generate_series(1, 5) as n
      """)
    let exit = try await world.ctl(
      "keys", "usage", world.tenant, key, "--since", "2d", "--page-size", "1", "--all")
    #expect(exit.isSuccess, "\(exit.errorText)")
    #expect(exit.outputText.split(separator: "\n").count { $0.contains("allowed") } == 5)
    #expect(try await world.daemon.stop() == .exited(code: 0))
  }

  @Test("a change of unknown outcome is told with the options that repeat it, and repeated once")
  func unknownOutcome() async throws {
    let world = try await World()
    // As a standby that does not answer: the commit waits.
    try await world.database.store.execute(
      """
      create function wait() returns trigger language plpgsql as
        $$ begin perform pg_sleep(60); return null; end $$;
      create constraint trigger wait after insert on integrationd.api_keys
        deferrable initially deferred for each row execute function wait();
      """)
    let create = ["keys", "create", world.tenant, "portal"]
    let lost = try await world.run(create + ["--expires", "90d", "--timeout", "4"])
    #expect(!lost.isSuccess)
    let hint = try #require(
      lost.errorText.split(separator: "\n").last?.split(separator: "repeat the command with ").last)
    let options = hint.split(separator: " ").map(String.init)
    #expect(options.count == 4 && options[0] == "--idempotency-key" && options[2] == "--expires")
    let json = try await world.run(create + ["--timeout", "4", "--json"])
    #expect(
      json.errorText.split(separator: "\n").last?.hasPrefix(
        "{\"repeatWith\":[\"--idempotency-key\",\"") == true)

    try await world.database.store.execute("drop function wait() cascade")
    let first = try world.field("key", of: try await world.run(create + options))
    let second = try world.field("key", of: try await world.run(create + options))
    #expect(first == second)
    #expect(try await world.daemon.stop() == .exited(code: 0))
  }
}
