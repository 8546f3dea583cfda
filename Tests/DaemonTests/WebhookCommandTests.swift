import FoundationEssentials
import Reactor
import TestSupport
import Testing

@Suite("integrationctl: webhooks, events, deliveries")
struct WebhookCommandTests {
  /// A daemon that may talk to loopback, and commands for it.
  private struct Shell {
    let home: DaemonHome
    let daemon: DaemonProcess

    init() async throws {
      home = try await DaemonHome()
      daemon = try await home.start([
        "--allow-http", "--allowed-addresses", "127.0.0.0/8", "--delivery-lease-seconds", "5",
      ])
      try await daemon.untilReady()
    }

    func ctl(
      _ arguments: String..., code: Int32 = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
      let exit = try await home.run(
        ["--socket", daemon.socket] + arguments, program: "integrationctl")
      #expect(
        exit.reason == .exited(code: code),
        "\(arguments): \(exit.errorText)", sourceLocation: sourceLocation)
      return String(decoding: exit.output, as: UTF8.self) + exit.errorText
    }

    func field(_ name: String, of text: String) throws -> String {
      let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + ":") })
      return String(line.dropFirst(name.count + 1).drop { $0 == " " })
    }

    /// Asks again until the answer holds a text.
    func until(_ text: String, _ arguments: [String]) async throws -> String {
      while true {
        let exit = try await home.run(
          ["--socket", daemon.socket] + arguments, program: "integrationctl")
        let output = String(decoding: exit.output, as: UTF8.self)
        if output.contains(text) { return output }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }

  @Test("the story of a webhook, told by commands")
  func story() async throws {
    let shell = try await Shell()
    let tenant = UUID().uuidString.lowercased()
    _ = try await shell.ctl("tenants", "create", "School", "--id", tenant)
    #expect(try await shell.ctl("webhooks", "list", tenant).contains("no webhooks"))

    // A receiver that takes three requests and ends.
    let secret = try shell.home.write("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", to: "secret")
    let port = "\(Int.random(in: 20_000...50_000))"
    async let received = shell.home.run(
      ["webhooks", "listen", "--port", port, "--secret-file", secret, "--count", "3"],
      program: "integrationctl")
    let url = "http://127.0.0.1:\(port)/hooks"
    let made = try await shell.ctl(
      "webhooks", "create", tenant, "ledger", url, "--event", "payment.*", "--header",
      "X-School: 7", "--retry", "1s,1s,1s,2s,4s,8s,16s", "--attempt-timeout", "5s")
    let webhook = try shell.field("webhook", of: made)
    #expect(try shell.field("signing secret", of: made).hasPrefix("whsec_"))
    #expect(try await shell.ctl("webhooks", "list", tenant).contains("ledger"))
    #expect(try await shell.ctl("webhooks", "get", tenant, webhook, "--json").contains(url))

    // The receiver knows another secret: what it refuses is tried again.
    let event = try shell.field(
      "event",
      of: try await shell.ctl("events", "publish", tenant, "payment.captured", #"{"n": 1}"#))
    _ = try await shell.until("pending-retry", ["deliveries", "list", tenant])
    #expect(try await shell.ctl("deliveries", "owed", tenant, webhook).contains(event))
    #expect(
      try await shell.ctl("webhooks", "rotate-secret", tenant, webhook).contains("secret v2"))
    #expect(
      try await shell.ctl("webhooks", "disable", tenant, webhook).contains("disabled"))
    #expect(
      try await shell.ctl(
        "webhooks", "update", tenant, webhook, "--auth", "none", "--name", "renamed"
      ).contains("renamed"))
    #expect(try await shell.ctl("webhooks", "enable", tenant, webhook).contains("active"))
    #expect(
      try await shell.ctl("webhooks", "test", tenant, webhook, code: 1).contains("verdict"))

    let delivery = try #require(
      try await shell.ctl("deliveries", "of", tenant, event, "--json").split(separator: "\"")
        .first { $0.count == 36 && $0 != tenant && $0 != webhook && $0 != event })
    let shown = try await shell.ctl("deliveries", "show", tenant, String(delivery))
    #expect(shown.contains("payment.captured"))
    let attempt = try await shell.ctl(
      "deliveries", "show", tenant, String(delivery), "--attempt", "1")
    #expect(attempt.contains("> POST \(url)") && attempt.contains("X-School"))
    _ = try await shell.ctl("deliveries", "retry", tenant, String(delivery))
    let all = try await shell.ctl("deliveries", "list", tenant, "--all", "--since", "1h")
    #expect(all.contains("payment.captured"))
    #expect(try await shell.ctl("webhooks", "delete", tenant, webhook).contains("deleted"))
    #expect(try await shell.ctl("webhooks", "get", tenant, webhook, code: 66).contains("NOT_FOUND"))

    #expect(try await shell.daemon.stop() == .exited(code: 0))
    _ = try await received
  }

  @Test("events and their types, told by commands")
  func events() async throws {
    let shell = try await Shell()
    let tenant = UUID().uuidString.lowercased()
    _ = try await shell.ctl("tenants", "create", "School", "--id", tenant)
    let schema = try shell.home.write(
      #"{"properties": {"amount": {"maximum": 10}}}"#, to: "schema.json")
    _ = try await shell.ctl(
      "event-types", "create", tenant, "payment.captured", "--schema", schema, "--description",
      "paid")
    #expect(try await shell.ctl("event-types", "list", tenant).contains("payment.captured"))
    #expect(
      try await shell.ctl("event-types", "get", tenant, "payment.captured").contains("maximum"))
    #expect(
      try await shell.ctl(
        "event-types", "update", tenant, "payment.captured", "--description", "was paid"
      ).contains("was paid"))

    #expect(
      try await shell.ctl(
        "events", "publish", tenant, "payment.captured", #"{"amount": 11}"#, code: 65
      ).contains("/amount"))
    let first = try await shell.ctl(
      "events", "publish", tenant, "payment.captured", #"{"amount": 9}"#, "--idempotency-key", "k")
    let again = try await shell.ctl(
      "events", "publish", tenant, "payment.captured", #"{"amount": 9}"#, "--idempotency-key", "k")
    let event = try shell.field("event", of: first)
    #expect(try shell.field("event", of: again) == event)
    #expect(try await shell.ctl("events", "list", tenant).contains(event))
    #expect(try await shell.ctl("events", "get", tenant, event).contains("amount"))
    #expect(
      try await shell.ctl("event-types", "archive", tenant, "payment.captured").contains(
        "archived"))
    #expect(
      try await shell.ctl("events", "publish", tenant, "payment.captured", "{}", code: 78)
        .contains("archived"))
    _ = try await shell.ctl("event-types", "restore", tenant, "payment.captured")
    _ = try await shell.ctl("event-types", "delete", tenant, "payment.captured")
    #expect(try await shell.ctl("event-types", "list", tenant).contains("no event types"))
    #expect(
      try await shell.ctl("webhooks", "create", tenant, "x", "http://169.254.169.254/", code: 65)
        .contains("webhook_url"))
    #expect(try await shell.daemon.stop() == .exited(code: 0))
  }
}
