import ArgumentParser
import IntegrationClient
import ProtobufC

struct Tenants: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The customers of the product.",
    subcommands: [Create.self, Get.self, List.self, Suspend.self, Resume.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Create a tenant.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Its name, for people: 1 to 200 characters.")
    var displayName: String
    @Option(help: ArgumentHelp("The id to give it. Default: a new one.", valueName: "uuid"))
    var id: String = ""
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.tenants.createTenant(
          CreateTenantRequest(
            displayName: displayName, tenantId: id, idempotencyKey: key),
          options: options)
        try connection.show(answer, answer.tenant)
      }
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a tenant.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Its id.") var tenant: String

    func run() async throws {
      try await connection.withClient { client, options in
        let answer = try await client.tenants.getTenant(
          GetTenantRequest(tenantId: tenant), options: options)
        try connection.show(answer, answer.tenant)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List tenants, newest first.")
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "Only tenants in this state.") var state: Choice<TenantState>?
    @OptionGroup var pages: PageOptions

    func run() async throws {
      try await connection.withClient { client, options in
        try await pages.show(
          json: connection.json, ifEmpty: "no tenants", table: Tenant.table
        ) { token in
          try await client.tenants.listTenants(
            ListTenantsRequest(
              pageSize: pages.pageSize, pageToken: token, state: state?.value ?? .unspecified),
            options: options)
        }
      }
    }
  }

  struct Suspend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Suspend a tenant: its keys are refused until it is resumed.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Its id.") var tenant: String
    @Option(help: "Why, for people: at most 500 characters.") var reason: String = ""
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.tenants.suspendTenant(
          SuspendTenantRequest(
            tenantId: tenant, reason: reason, idempotencyKey: key),
          options: options)
        try connection.show(answer, answer.tenant)
      }
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "End a suspension.")
    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Its id.") var tenant: String
    @OptionGroup var idempotency: IdempotencyOptions

    func run() async throws {
      try await connection.change(idempotency) { client, options, key in
        let answer = try await client.tenants.resumeTenant(
          ResumeTenantRequest(tenantId: tenant, idempotencyKey: key),
          options: options)
        try connection.show(answer, answer.tenant)
      }
    }
  }
}

extension ListTenantsResponse: Page {
  var rows: [Tenant] { tenants }
}

extension Tenant: Presentable {
  var fields: [(name: String, value: String)] {
    var fields = [
      ("tenant", tenantId), ("name", displayName), ("state", Format.name(state)),
      ("created", Format.time(createdAt)), ("updated", Format.time(updatedAt)),
    ]
    if state == .suspended {
      fields.append(("suspended", Format.time(suspendedAt)))
      fields.append(("reason", suspensionReason.isEmpty ? "-" : suspensionReason))
    }
    return fields
  }

  static func table(_ tenants: [Tenant]) -> Table {
    var table = Table("TENANT", "NAME", "STATE", "CREATED")
    for tenant in tenants {
      table.add(
        tenant.tenantId, tenant.displayName, Format.name(tenant.state),
        Format.time(tenant.createdAt))
    }
    return table
  }
}
