import ArgumentParser
import IntegrationClient
import ProtobufC

struct Keys: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "API keys, which tenants' programs present to the product's services.",
    subcommands: [
      Create.self, Get.self, List.self, Update.self, Revoke.self, Rotate.self, Verify.self,
      Usage.self,
    ])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Issue a key. The key is printed once and cannot be read again.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Argument(help: "The key's name, for people: 1 to 200 characters.") var name: String
    @Option(help: "Where it may be used.") var environment = Choice(Environment.production)
    @Option(
      name: .customLong("allow-endpoint"),
      help: ArgumentHelp(
        "Bind it to endpoints, as 'GET /v1/students/{id}' or 'payments.v1.Payments/*'. Repeatable.",
        valueName: "pattern"))
    var endpoints: [String] = []
    @Option(
      name: .customLong("allow-ip"),
      help: ArgumentHelp("Bind it to an address or CIDR block. Repeatable.", valueName: "cidr"))
    var addresses: [String] = []
    @Option(parsing: .unconditional, help: "Calls per minute, -1 for no limit.")
    var perMinute: Int32 = 60
    @Option(parsing: .unconditional, help: "Calls per hour, -1 for no limit.")
    var perHour: Int32 = 1000
    @Option(
      help: ArgumentHelp(
        "When it ends: RFC 3339, or a span from now such as 90d.", valueName: "when"))
    var expires: Moment?
    @Option(help: ArgumentHelp("How often it should be rotated.", valueName: "days"))
    var rotateEvery: Int32 = 0
    @Option(help: "For people, at most 2000 characters.") var notes: String = ""
    @Flag(help: "Also issue a signing secret.") var withSecret = false
    @OptionGroup var idempotency: IdempotencyOptions

    func validate() throws { try idempotency.refuseSpan(expires, of: "--expires") }

    func run() async throws {
      let end = expires?.timestamp
      try await connection.change(
        idempotency, settled: expires.settled("--expires", at: end)
      ) { client, options, key in
        let answer = try await client.apiKeys.createApiKey(
          CreateApiKeyRequest(
            tenantId: tenant, keyName: name, environment: environment.value,
            allowedEndpoints: endpoints, allowedIpAddresses: addresses,
            rateLimitPerMinute: perMinute, rateLimitPerHour: perHour, expiresAt: end,
            rotationFrequencyDays: rotateEvery, notes: notes, withApiSecret: withSecret,
            idempotencyKey: key),
          options: options)
        try connection.show(
          answer, answer.key, also: Keys.secrets(answer.apiKey, answer.apiSecret))
      }
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a key.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: KeyArguments

    func run() async throws {
      try await connection.withClient { client, options in
        let answer = try await client.apiKeys.getApiKey(
          GetApiKeyRequest(tenantId: target.tenant, keyId: target.key), options: options)
        try connection.show(answer, answer.key)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List a tenant's keys, newest first.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The tenant's id.") var tenant: String
    @Option(help: "Only keys of this environment.") var environment: Choice<Environment>?
    @Option(help: "Only keys in this state.") var state: Choice<ApiKeyState>?
    @OptionGroup var pages: PageOptions

    func run() async throws {
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json, ifEmpty: "no keys", table: ApiKey.table
        ) { token in
          try await client.apiKeys.listApiKeys(
            ListApiKeysRequest(
              tenantId: tenant, pageSize: pages.pageSize, pageToken: token,
              environment: environment?.value ?? .unspecified,
              state: state?.value ?? .unspecified),
            options: options)
        }
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a key for good. This cannot be undone.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: KeyArguments
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.apiKeys.revokeApiKey(
          RevokeApiKeyRequest(
            tenantId: target.tenant, keyId: target.key, idempotencyKey: key),
          options: options)
        try connection.show(answer, answer.key)
      }
    }
  }

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a key a new secret. The secret is printed once and cannot be read again.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: KeyArguments
    @Option(
      help: ArgumentHelp(
        "How long the old secret lives on, as 12h or 7d; at most 30d.", valueName: "span"))
    var grace: Span = Span(.zero)
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.apiKeys.rotateApiKey(
          RotateApiKeyRequest(
            tenantId: target.tenant, keyId: target.key,
            gracePeriod: ProtoDuration(grace.duration), idempotencyKey: key),
          options: options)
        try connection.show(
          answer, answer.key, also: Keys.secrets(answer.apiKey, answer.apiSecret))
      }
    }
  }

  /// The lines that appear once.
  static func secrets(_ key: String, _ signing: String) -> [(name: String, value: String)] {
    var lines: [(name: String, value: String)] = []
    if !key.isEmpty { lines.append(("api key", key)) }
    if !signing.isEmpty { lines.append(("api secret", signing)) }
    if !lines.isEmpty { lines.append(("note", "store it now: it cannot be read again")) }
    return lines
  }
}

/// Names one key.
struct KeyArguments: ParsableArguments {
  @Argument(help: "The tenant's id.") var tenant: String
  @Argument(help: "The key's id.") var key: String
}
