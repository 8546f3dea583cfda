import ArgumentParser
import IntegrationClient
import ProtobufC

extension Keys {
  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a key. Only what is named changes.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: KeyArguments
    @Option(help: "Its name, 1 to 200 characters.") var name: String?
    @Flag(
      inversion: .prefixedEnableDisable, exclusivity: .exclusive,
      help: "Whether it verifies.")
    var key: Bool?
    @Option(
      name: .customLong("allow-endpoint"), parsing: .singleValue,
      help: ArgumentHelp("The endpoints, all anew. Repeatable.", valueName: "pattern"))
    var endpoints: [String] = []
    @Flag(help: "Every endpoint.") var anyEndpoint = false
    @Option(
      name: .customLong("allow-ip"), parsing: .singleValue,
      help: ArgumentHelp("The addresses, all anew. Repeatable.", valueName: "cidr"))
    var addresses: [String] = []
    @Flag(help: "Every address.") var anyIp = false
    @Option(parsing: .unconditional, help: "Calls per minute, -1 for no limit.")
    var perMinute: Int32?
    @Option(parsing: .unconditional, help: "Calls per hour, -1 for no limit.")
    var perHour: Int32?
    @Option(
      help: ArgumentHelp(
        "When it ends: RFC 3339, or a span from now such as 90d.", valueName: "when"))
    var expires: Moment?
    @Flag(help: "It never ends.") var neverExpires = false
    @Option(help: ArgumentHelp("How often it should be rotated; 0: no wish.", valueName: "days"))
    var rotateEvery: Int32?
    @Option(help: "For people, at most 2000 characters.") var notes: String?
    @OptionGroup var idempotency: IdempotencyOptions

    func validate() throws {
      if !endpoints.isEmpty, anyEndpoint {
        throw ValidationError("--allow-endpoint and --any-endpoint exclude each other")
      }
      if !addresses.isEmpty, anyIp {
        throw ValidationError("--allow-ip and --any-ip exclude each other")
      }
      if expires != nil, neverExpires {
        throw ValidationError("--expires and --never-expires exclude each other")
      }
      try idempotency.refuseSpan(expires, of: "--expires")
      if change.paths.isEmpty { throw ValidationError("name at least one thing to change") }
    }

    func run() async throws {
      let change = change
      try await connection.change(
        idempotency, settled: expires.settled("--expires", at: change.key.expiresAt)
      ) { client, options, key in
        let answer = try await client.apiKeys.updateApiKey(
          UpdateApiKeyRequest(
            tenantId: target.tenant, keyId: target.key, key: change.key,
            updateMask: ProtoFieldMask(paths: change.paths), idempotencyKey: key),
          options: options)
        try connection.show(answer, answer.key)
      }
    }

    /// The new values and the field mask that names them.
    private var change: (key: ApiKey, paths: [String]) {
      var changed = ApiKey()
      var paths: [String] = []
      func set<Value>(_ path: String, _ field: WritableKeyPath<ApiKey, Value>, _ value: Value?) {
        guard let value else { return }
        changed[keyPath: field] = value
        paths.append(path)
      }
      set("key_name", \.keyName, name)
      set("is_active", \.isActive, key)
      set(
        "allowed_endpoints", \.allowedEndpoints, anyEndpoint || !endpoints.isEmpty ? endpoints : nil
      )
      set(
        "allowed_ip_addresses", \.allowedIpAddresses, anyIp || !addresses.isEmpty ? addresses : nil)
      set("rate_limit_per_minute", \.rateLimitPerMinute, perMinute)
      set("rate_limit_per_hour", \.rateLimitPerHour, perHour)
      set("rotation_frequency_days", \.rotationFrequencyDays, rotateEvery)
      set("notes", \.notes, notes)
      if expires != nil || neverExpires {
        changed.expiresAt = expires?.timestamp
        paths.append("expires_at")
      }
      return (changed, paths)
    }
  }
}
