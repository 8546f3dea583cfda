import FoundationEssentials
import Reactor
import TestSupport
import Testing

@Suite("The daemon's commands and configuration")
struct CommandTests {
  @Test(
    "what is wrong with the configuration is named, with its place",
    arguments: [
      (["--socket-mode", "0999"], "", Int32(78), "--socket-mode: the socket mode must be octal"),
      (["--socket-mode", "0066"], "", 78, "--socket-mode: the socket mode must be octal"),
      (["--log-level", "loud"], "", 78, "--log-level: the log level must be one of trace, debug"),
      ([], "{\n\"colour\": 1}", 78, "config.json:2: unknown key \"colour\"; known: socket"),
      ([], "{\"socket_mode\": 600}", 78, "config.json:1: \"socket_mode\" must be a string"),
      ([], "{\n\n\"log_level\": \"loud\"}", 78, "config.json:3: the log level must be one of"),
      ([], "[]", 78, "config.json:1: a configuration must be an object, not an array"),
      (["--config", "/nonexistent"], "", 78, "/nonexistent: there is no such file"),
      (["--access-policy", "/nonexistent"], "", 78, "/nonexistent: there is no such file"),
      (["--access-policy", "/"], "", 78, "/: is not a regular file"),
      (
        ["--state-dir", "/proc/nowhere"], "", 73, "the state directory /proc/nowhere cannot be made"
      ),
      (["--database-url", "bogus=1"], "", 78, "--database-url: the connection string is not one"),
      (["--unheard-of"], "", 64, "Unknown option '--unheard-of'"),
    ])
  func faults(arguments: [String], file: String, code: Int32, message: String) async throws {
    let home = try await DaemonHome()
    var all = ["serve", "--socket", home.path + "/s.sock"]
    if !arguments.contains("--state-dir") { all += ["--state-dir", home.path + "/a"] }
    if !file.isEmpty { all += ["--config", try home.write(file, to: "config.json")] }
    let exit = try await home.run(all + arguments)
    #expect(exit.reason == .exited(code: code), "\(exit.errorText)")
    #expect(exit.errorText.contains(message), "\(exit.errorText)")
    #expect(exit.output.isEmpty)
  }

  @Test("options win over the environment, that over the file")
  func precedence() async throws {
    let home = try await DaemonHome()
    let file = try home.write("{\"log_level\": \"file\"}", to: "config.json")
    let place = ["serve", "--socket", home.path + "/s.sock", "--state-dir", home.path + "/a"]
    let fromFile = try await home.run(place + ["--config", file])
    #expect(fromFile.errorText.contains("config.json:1: the log level"))
    let fromEnvironment = try await home.run(
      place, environment: ["INTEGRATIOND_CONFIG": file, "INTEGRATIOND_LOG_LEVEL": "environment"])
    #expect(fromEnvironment.errorText.contains("INTEGRATIOND_LOG_LEVEL: the log level"))
    let fromOption = try await home.run(
      place + ["--log-level", "option"],
      environment: ["INTEGRATIOND_CONFIG": file, "INTEGRATIOND_LOG_LEVEL": "environment"])
    #expect(fromOption.errorText.contains("--log-level: the log level"))
  }

  @Test("the password of a connection string is never shown")
  func password() async throws {
    let home = try await DaemonHome()
    let exit = try await home.run(
      [
        "serve", "--socket", home.path + "/s.sock", "--state-dir", home.path + "/a",
        "--database-url", "host=/nonexistent user=u password=hunter2 dbname=d",
      ], environment: ["INTEGRATIOND_TYPO": "1"])
    #expect(exit.reason == .exited(code: 69))
    #expect(!exit.errorText.contains("hunter2"))
    #expect(exit.errorText.contains("INTEGRATIOND_TYPO in the environment is not a setting"))
    #expect(exit.errorText.contains("waiting for the database"))
  }

  @Test(
    "a connection string libpq cannot read is refused at once, and none of it is shown",
    arguments: [
      "postgres://u:hunter2%zz@h/db", "postgres://u:hunter2@horse@h/db",
      "postgres://u:hunter2/horse@h/db", "host=h password=hunter2 horse", "hunter2",
    ])
  func malformedConnectionString(text: String) async throws {
    let home = try await DaemonHome()
    for command in ["serve", "migrate", "check"] {
      let exit = try await home.run([
        command, "--socket", home.path + "/s.sock", "--state-dir", home.path + "/a",
        "--database-url", text,
      ])
      #expect(exit.reason == .exited(code: 78))
      #expect(exit.errorText.hasPrefix("integrationd: --database-url: the connection string"))
      for word in ["hunter2", "horse", "zz"] {
        #expect(!(exit.errorText + exit.outputText).contains(word))
      }
    }
  }

  @Test("a database that was given needs a keyring, made once and never replaced")
  func keyring() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let place = [
      "--socket", home.path + "/s.sock", "--state-dir", home.path + "/a", "--database-url",
      database.conninfo,
    ]
    let migrated = try await home.run(["migrate"] + place)
    #expect(migrated.outputText.hasPrefix("applied v0001_foundation\n"), "\(migrated.errorText)")
    let missing = try await home.run(["serve"] + place)
    #expect(missing.reason == .exited(code: 78))
    #expect(missing.errorText.contains("integrationd keyring init"))
    let made = try await home.run(["keyring", "init"] + place)
    #expect(made.outputText == "made \(home.path)/a/keyring.json; back it up\n")
    let again = try await home.run(["keyring", "init"] + place)
    #expect(again.reason == .exited(code: 78))
    #expect(again.errorText.contains("already"))
    let report = try await home.run(["check"] + place)
    #expect(report.outputText.contains("ok      keys"), "\(report.outputText)\(report.errorText)")
    // Another ring than the one the database was written with.
    let daemon = try await home.start(["--database-url", database.conninfo])
    try await daemon.untilReady()
    try await daemon.stop()
    let other = home.path + "/other.json"
    _ = try await home.run(["keyring", "init", "--keyring", other])
    let wrong = try await home.run(["serve", "--keyring", other] + place)
    #expect(wrong.reason == .exited(code: 78))
    #expect(wrong.errorText.contains("is not the one this database was written with"))
    let found = try await home.run(["check", "--keyring", other] + place)
    #expect(found.reason == .exited(code: 1))
    #expect(found.outputText.contains("failed  keys"))
  }

  @Test("a new key is added, listed and promoted, and none is ever shown")
  func keyRotation() async throws {
    let home = try await DaemonHome()
    let place = ["--keyring", home.path + "/keyring.json", "--state-dir", home.path + "/a"]
    func keyring(_ arguments: String..., code: Int32 = 0) async throws -> String {
      let exit = try await home.run(["keyring"] + arguments + place)
      #expect(exit.reason == .exited(code: code), "\(arguments): \(exit.errorText)")
      return exit.outputText + exit.errorText
    }
    func primaries() async throws -> [String] {
      try await keyring("list").split(separator: "\n").filter { $0.hasSuffix("  primary") }
        .map { String($0.prefix { $0 != " " }) + $0.drop { $0 != " " }.dropFirst(2).prefix(1) }
    }
    #expect(try await keyring("list", code: 78).contains("there is no keyring"))
    _ = try await keyring("init")
    #expect(try await primaries() == ["kek1", "pepper1"])
    #expect(
      try await keyring("add", "--purpose", "pepper")
        .hasPrefix("added pepper 2 to \(home.path)/keyring.json; back it up"))
    #expect(try await primaries() == ["kek1", "pepper1"])
    #expect(try await keyring("list").split(separator: "\n").count == 3)
    #expect(
      try await keyring("promote", "--purpose", "pepper", "--version", "2")
        .contains("pepper 2 is primary"))
    #expect(try await primaries() == ["kek1", "pepper2"])
    #expect(
      try await keyring("promote", "--purpose", "kek", "--version", "2", code: 78)
        .contains("holds no kek version 2"))
    #expect(
      try await keyring("add", "--purpose", "master", code: 64).contains("'pepper' and 'kek'"))
    let list = try await keyring("list")
    for line in home.text("keyring.json").split(separator: "\n") where line.contains("\"key\"") {
      let key = line.split(separator: "\"").last { $0.count > 40 }
      #expect(!list.contains(try #require(key)))
    }
  }

  @Test("a database that would not keep tenants apart is refused, and check says why")
  func insecure() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let options = try await database.options(home)
    let place = ["--socket", home.path + "/s.sock", "--state-dir", home.path + "/a"] + options
    _ = try await home.run(["migrate"] + place)
    try await database.store.execute(
      "alter table integrationd.tenants no force row level security")
    let refused = try await home.run(["serve"] + place)
    #expect(refused.reason == .exited(code: 69))
    #expect(refused.errorText.contains("would not keep tenants apart"))
    #expect(refused.errorText.contains("alter table integrationd.tenants force row level security"))
    let report = try await home.run(["check", "--json"] + place)
    #expect(report.reason == .exited(code: 1))
    #expect(report.outputText.contains("\"ok\" : false"))
  }

  @Test("check tells of migrations that were not applied, and applies none")
  func pending() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let options = try await database.options(home)
    for _ in 0..<2 {
      let report = try await home.run(
        ["check", "--socket", home.path + "/s.sock", "--state-dir", home.path + "/a"] + options)
      #expect(report.reason == .exited(code: 1))
      #expect(report.outputText.contains("not applied: v0001_foundation"))
    }
  }

  @Test("check makes no cluster and not even a directory")
  func checkNothing() async throws {
    let home = try await DaemonHome()
    let report = try await home.run([
      "check", "--socket", home.path + "/s.sock", "--state-dir", home.path + "/a",
    ])
    #expect(report.reason == .exited(code: 1))
    #expect(report.outputText.contains("warning database      there is no embedded PostgreSQL"))
    #expect(!FileManager.default.fileExists(atPath: home.path + "/a"))
  }

  @Test("check makes no roles, and tells the statements that do")
  func checkRoles() async throws {
    let home = try await DaemonHome()
    let server = try await TestCluster.start()
    try await server.execute("create database mine owner integrationd_owner")
    try await server.execute(
      """
      drop role integrationd_publisher;
      alter role integrationd_owner createrole
      """)
    let conninfo = server.cluster.connectionString(for: .owner, database: "mine")
    for _ in 0..<2 {
      let report = try await home.run([
        "check", "--socket", home.path + "/s.sock", "--state-dir", home.path + "/a",
        "--database-url", conninfo,
      ])
      #expect(report.reason == .exited(code: 1))
      for statement in [
        "grant integrationd_app to integrationd_owner;",
        "create role integrationd_publisher nologin nosuperuser nobypassrls;",
      ] {
        #expect(report.outputText.contains(statement))
      }
      #expect(report.outputText.contains("not applied: v0001_foundation"))
    }
    #expect(!FileManager.default.fileExists(atPath: home.path + "/a"))
  }

  @Test("a policy may name users and groups of this host, and only those")
  func accounts() async throws {
    let home = try await DaemonHome()
    let database = try await ExternalDatabase()
    let place = ["--socket", home.path + "/s.sock", "--state-dir", home.path + "/a"]
    let known = try home.write(
      #"{"callers": [{"name": "r", "user": "root", "group": "root", "roles": ["read"]}]}"#,
      to: "known.json")
    let report = try await home.run(
      ["check", "--access-policy", known] + place + (try await database.options(home)))
    #expect(report.outputText.contains("ok      access        1 callers"))
    let unknown = try home.write(
      #"{"callers": [{"name": "r", "group": "no-such-group", "roles": ["read"]}]}"#,
      to: "unknown.json")
    let refused = try await home.run(["serve", "--access-policy", unknown] + place)
    #expect(refused.reason == .exited(code: 78))
    #expect(refused.errorText.contains("unknown.json:1: \"group\" names nobody on this host"))
    let group = try await home.run(
      ["serve", "--socket-group", "no-such-group"] + place + (try await database.options(home)))
    #expect(group.reason == .exited(code: 78))
    #expect(group.errorText.contains("there is no group"))
  }

  @Test("help and version are there")
  func help() async throws {
    let home = try await DaemonHome()
    for arguments in [
      ["--help"], ["serve", "--help"], ["check", "--help"], ["keyring", "--help"],
    ] {
      let exit = try await home.run(arguments)
      #expect(exit.isSuccess)
      #expect(exit.outputText.contains("USAGE"))
    }
    #expect(try await home.run(["--version"]).outputText == "0.1.0\n")
  }
}
