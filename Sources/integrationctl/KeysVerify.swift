import ArgumentParser
import IntegrationClient
import ProtobufC

extension Keys {
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decide whether a request that presents a key may proceed.",
      discussion: """
        Prints the decision and exits with 0 when it is allowed, 1 when it is not. Give `-` for \
        the key to read it from standard input, where no other process can see it.
        """)
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "What was presented; `-` reads a line of standard input.") var key: String
    @Option(help: "The environment of the asking service.")
    var environment = Choice(Environment.production)
    @Option(help: ArgumentHelp("The tenant it must belong to.", valueName: "uuid"))
    var tenant: String = ""
    @Option(help: ArgumentHelp("The client's address.", valueName: "address")) var ip: String = ""
    @Option(help: "What the client calls, as 'GET /v1/students/7'.") var endpoint: String = ""
    @Option(help: "What the call costs.") var cost: Int32 = 1
    @Flag(help: "Decide, but charge and count nothing.") var peek = false

    func run() async throws {
      let presented = key == "-" ? (readLine() ?? "") : key
      try await connection.withClient { client, options in
        let decision = try await client.apiKeys.verifyApiKey(
          VerifyApiKeyRequest(
            apiKey: presented, environment: environment.value, tenantId: tenant, ipAddress: ip,
            endpoint: endpoint, cost: cost, peek: peek),
          options: options)
        try connection.show(decision, decision)
        if !decision.allowed { throw ExitStatus.refused }
      }
    }
  }

  struct Usage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show how often a key was verified, by time and decision, newest first.")
    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var target: KeyArguments
    @Option(help: "Width of a row.") var by = Choice(UsageGranularity.hour)
    @Option(
      help: ArgumentHelp("First moment: RFC 3339, or a span ago such as 7d.", valueName: "when"))
    var since: Moment?
    @Option(help: ArgumentHelp("First moment after. Default: now.", valueName: "when"))
    var until: Moment?
    @OptionGroup var pages: PageOptions

    func run() async throws {
      // Once: a span ends at another moment for each page.
      let (start, end) = (since?.past, until?.past)
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json, ifEmpty: "never verified in this time", table: UsageBucket.table
        ) { token in
          try await client.apiKeys.getApiKeyUsage(
            GetApiKeyUsageRequest(
              tenantId: target.tenant, keyId: target.key, startTime: start,
              endTime: end, granularity: by.value, pageSize: pages.pageSize,
              pageToken: token),
            options: options)
        }
      }
    }
  }
}

extension VerifyApiKeyResponse: Presentable {
  var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [("decision", Format.name(code))]
    if !keyId.isEmpty {
      fields += [
        ("key", keyId), ("name", keyName), ("tenant", tenantId),
        ("environment", Format.name(environment)), ("secret", "v\(secretVersion)"),
      ]
    }
    if expiresAt != nil { fields.append(("expires", Format.time(expiresAt))) }
    if successorExists { fields.append(("note", "a newer secret exists: change over")) }
    for window in windows {
      fields.append(
        (
          window.name,
          "\(window.remaining) of \(window.limit) left until \(Format.time(window.resetAt))"
        ))
    }
    if retryAfter != nil { fields.append(("retry in", Format.duration(retryAfter))) }
    return fields
  }
}

extension GetApiKeyUsageResponse: Page {
  var rows: [UsageBucket] { buckets }
}

extension UsageBucket {
  static func table(_ buckets: [UsageBucket]) -> Table {
    var table = Table("FROM", "DECISION", "COUNT")
    for bucket in buckets {
      for count in bucket.counts {
        table.add(Format.time(bucket.startTime), Format.name(count.code), String(count.count))
      }
    }
    return table
  }
}
