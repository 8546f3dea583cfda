import IntegrationClient
import PostgresClient
import Testing

@testable import integrationd

@Suite("The daemon's configuration")
struct ConfigurationTests {
  private func configuration(
    _ arguments: [String] = [], _ environment: [String: String] = [:], uid: UInt32 = 1000
  ) throws -> Configuration {
    try Configuration(try DaemonOptions.parse(arguments), environment: environment, uid: uid)
  }

  @Test("root's files are below /run and /var/lib")
  func root() throws {
    let configuration = try configuration(uid: 0)
    #expect(configuration.socket == "/run/integrationd/integrationd.sock")
    #expect(configuration.stateDirectory == "/var/lib/integrationd")
    #expect(configuration.keyring == "/var/lib/integrationd/keyring.json")
    #expect(configuration.socketMode == 0o600)
    #expect(configuration.database == nil && configuration.accessPolicy == nil)
    #expect(configuration.logLevel == .info && configuration.remarks.isEmpty)
  }

  @Test(
    "a user's files are where the XDG specification says, and where clients look",
    arguments: [
      ["HOME": "/home/u"],
      ["HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/1000"],
      ["HOME": "/home/u/", "XDG_STATE_HOME": "/state"],
      ["HOME": "/home/u", "XDG_STATE_HOME": "relative", "XDG_RUNTIME_DIR": "/run/user/1000"],
      ["XDG_STATE_HOME": "/state", "XDG_RUNTIME_DIR": "/run/user/1000"],
    ])
  func user(environment: [String: String]) throws {
    let paths = try #require(DefaultPaths(uid: 1000, environment: environment))
    let client = IntegrationClient.defaultSocket(
      environment: environment, isRoot: false, exists: { _ in true })
    #expect(paths.socket == client.replacing("//", with: "/"))
    let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    #expect(
      paths.stateDirectory == (state.map { "\($0)/integrationd" })
        ?? "/home/u/.local/state/integrationd")
  }

  @Test("a user without a home has to say where")
  func homeless() throws {
    #expect {
      try configuration()
    } throws: {
      "\($0)".hasPrefix("--socket is needed")
    }
    let given = try configuration(["--socket", "/s", "--state-dir", "/d"])
    #expect(given.socket == "/s" && given.stateDirectory == "/d")
    #expect(given.keyring == "/d/keyring.json")
  }

  @Test("certificates that cannot be read are told of at the start")
  func certificates() throws {
    #expect {
      try configuration(["--ca-file", "/nope"], uid: 0)
    } throws: {
      "\($0)" == "--ca-file: there is no file /nope that can be read"
    }
    let given = try configuration(["--ca-file", #filePath], uid: 0)
    #expect(given.outbound.caFile == #filePath)
  }

  @Test("every setting can be given by option and in the environment")
  func places() throws {
    let byOption = try configuration([
      "--socket", "/s", "--state-dir", "/d", "--socket-group", "g", "--database-url", "host=x",
      "--access-policy", "/p", "--keyring", "/k", "--log-level", "debug",
    ])
    let byEnvironment = try configuration(
      [],
      [
        "INTEGRATIOND_SOCKET": "/s", "INTEGRATIOND_STATE_DIR": "/d",
        "INTEGRATIOND_SOCKET_GROUP": "g", "INTEGRATIOND_DATABASE_URL": "host=x",
        "INTEGRATIOND_ACCESS_POLICY": "/p", "INTEGRATIOND_KEYRING": "/k",
        "INTEGRATIOND_LOG_LEVEL": "debug",
      ])
    for configuration in [byOption, byEnvironment] {
      #expect(configuration.socket == "/s" && configuration.stateDirectory == "/d")
      #expect(configuration.socketGroup == "g" && configuration.socketMode == 0o660)
      #expect(configuration.database?.reveal() == "host=x")
      #expect(configuration.accessPolicy == "/p" && configuration.keyring == "/k")
      #expect(configuration.logLevel == .debug)
    }
    // The one that is a flag.
    #expect(throws: Never.self) { try DaemonOptions.parse([Setting.allowHTTP.option]) }
    for setting in Setting.allCases where setting != .allowHTTP {
      #expect(throws: Never.self) {
        try DaemonOptions.parse([setting.option, "value"])
      }
    }
  }

  @Test("an empty value counts as not given")
  func empty() throws {
    let configuration = try configuration(
      ["--database-url", ""], ["HOME": "/home/u", "INTEGRATIOND_SOCKET": ""])
    #expect(configuration.database == nil)
    #expect(configuration.socket == "/home/u/.local/state/integrationd/integrationd.sock")
  }

  @Test("what looks like a mistake is remarked upon")
  func remarks() throws {
    let configuration = try configuration(
      ["--socket", "/s", "--state-dir", "/d", "--access-policy", "/p"], ["INTEGRATIOND_TYPO": "1"])
    #expect(configuration.remarks.count == 2)
    #expect(configuration.remarks[0].contains("INTEGRATIOND_TYPO"))
    #expect(configuration.remarks[1].contains("--socket-mode"))
  }

  @Test("a path with control characters is refused")
  func controlCharacters() {
    #expect {
      try configuration(["--socket", "/a\nb", "--state-dir", "/d"])
    } throws: {
      "\($0)" == "--socket: the path holds control characters"
    }
  }

  @Test("a connection string is never printed")
  func redacted() throws {
    let string = try ConnectionString("host=x password=hunter2")
    var dumped = ""
    dump(string, to: &dumped)
    #expect("\(string)" == "[redacted]")
    #expect(!dumped.contains("hunter2"))
    #expect(!String(reflecting: string).contains("hunter2"))
  }
}
