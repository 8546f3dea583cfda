import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import TTRPC
import Testing

@Suite("Event types")
struct EventTypesServiceTests {
  private static let schema = #"{"type": "object", "required": ["amount"]}"#

  // MARK: Create, get

  @Test("a type keeps what it is given, its schema byte for byte")
  func create() async throws {
    try await WebhooksWorld.run { world in
      let made = try await world.createType("payment.captured") {
        $0.description = "line one\nline two"
        $0.schema = Array(Self.schema.utf8)
      }
      #expect(made.tenantId == world.tenant.description && made.eventType == "payment.captured")
      #expect(made.description == "line one\nline two" && made.hasSchema && !made.isArchived)
      #expect(made.schema == Array(Self.schema.utf8))
      #expect(made.createdAt != nil && made.createdAt == made.updatedAt)
      #expect(try await world.getType("payment.captured") == made)
      let bare = try await world.createType("Payment")
      #expect(!bare.hasSchema && bare.schema.isEmpty && bare.description.isEmpty)
    }
  }

  @Test("everything that is wrong with a request is named at once")
  func violations() async throws {
    try await WebhooksWorld.withoutDatabase { world in
      await expectViolations([
        "tenant_id", "event_type", "description", "schema", "idempotency_key",
      ]) {
        try await world.createType("") {
          $0.tenantId = "x"
          $0.description = String(repeating: "d", count: 2001)
          $0.schema = Array("{".utf8)
          $0.idempotencyKey = "a b"
        }
      }
      for name in [
        "a..b", "a*", "*", ".a", "ä", String(repeating: "n", count: 129), "webhook.test",
      ] {
        await expectViolations(["event_type"]) { try await world.createType(name) }
      }
      await expectViolations(["schema"]) {
        try await world.createType("a") { $0.schema = Array(repeating: 0x20, count: 65_537) }
      }
      await expectViolations(["event_type"]) { try await world.getType("") }
      await expectViolations(["event_type"]) { try await world.deleteType("a.") }
      await expectViolations(["event_type.event_type", "update_mask"]) {
        try await world.updateType("", [])
      }
      await expectViolations([
        "update_mask.paths[0]", "event_type.description", "event_type.schema",
      ]) {
        try await world.updateType("a", ["event_type", "description", "schema", "schema"]) {
          $0.description = "\u{0}"
          $0.schema = Array(#"{"type": "thing"}"#.utf8)
        }
      }
    }
  }

  @Test(
    "a schema that is none is refused with the JSON pointer to what is wrong",
    arguments: [
      (#"{"properties": {"a/b": {"type": "thing"}}}"#, "/properties/a~1b/type must be"),
      (#"{"items": {"pattern": "("}}"#, "/items/pattern must be"),
      (#"{"$ref": "https://example.com/s"}"#, "/$ref must refer to this schema only"),
      (##"{"allOf": [{"$ref": "#/none"}]}"##, "/allOf/0/$ref must refer to a schema"),
      ("7", "must be"),
      (#"{"a": }"#, "/a is not acceptable JSON"),
      ("{\"\(String(repeating: "k", count: 300))\\n\": {\"type\": 1, \"type\": 1}}", "…"),
    ])
  func pointers(schema: String, expected: String) async throws {
    try await WebhooksWorld.withoutDatabase { world in
      let error = await expectStatus(.invalidArgument) {
        try await world.createType("a") { $0.schema = Array(schema.utf8) }
      }
      let violation = try #require(error?.fieldViolations.first)
      #expect(violation.field == "schema")
      #expect(violation.description.contains(expected), "\(violation.description)")
      #expect(violation.description.utf8.count < 500)
      if expected.hasPrefix("/") { #expect(violation.description.hasPrefix(expected)) }
    }
  }

  @Test("a taken name, an unknown tenant and another's are told apart")
  func createStatuses() async throws {
    try await WebhooksWorld.run { world in
      try await world.createType("a.b")
      let taken = await expectStatus(.alreadyExists) { try await world.createType("a.b") }
      #expect(taken?.details == [.resourceInfo(type: "event_type", name: "a.b")])
      // Names differ by case.
      try await world.createType("a.B")
      await expectStatus(.notFound) {
        try await world.createType("a") { $0.tenantId = TenantID(UUID()).description }
      }
      await expectStatus(.notFound) {
        try await world.createType("a", as: WebhooksWorld.stranger)
      }
      // Another tenant's catalogue is its own.
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      try await world.createType("a.b") { $0.tenantId = other.description }
      let first = try await world.createType("k") { $0.idempotencyKey = "k" }
      #expect(try await world.createType("k") { $0.idempotencyKey = "k" } == first)
      let reused = await expectStatus(.failedPrecondition) {
        try await world.createType("l") { $0.idempotencyKey = "k" }
      }
      #expect(reused?.reason == "IDEMPOTENCY_KEY_REUSED")
      try await world.suspendTenant()
      try await world.createType("m")
    }
  }

  @Test("a tenant has at most 1,000 types, however many calls come at once")
  func quota() async throws {
    try await WebhooksWorld.run { world in
      try await world.sql(
        """
        insert into integrationd.event_types (tenant_id, event_type)
        select '\(world.tenant)', 't' || n
        from generate_series(1, \(EventTypesService.maxTypes - 1)) as n
        """)
      let outcomes = await withTaskGroup(of: StatusCode?.self) { group in
        for number in 0..<4 {
          group.addTask {
            do {
              try await world.createType("new.\(number)")
              return nil
            } catch {
              return (error as? any RPCErrorConvertible)?.rpcError.code ?? .unknown
            }
          }
        }
        return await group.reduce(into: [StatusCode?]()) { $0.append($1) }
      }
      #expect(outcomes.count { $0 == nil } == 1)
      #expect(outcomes.count { $0 == .resourceExhausted } == 3)
      // What is there already is so whether or not there is room.
      await expectStatus(.alreadyExists) { try await world.createType("t1") }
      try await world.deleteType("t1")
      try await world.createType("t1")
      let error = await expectStatus(.resourceExhausted) { try await world.createType("one.more") }
      guard case .quotaFailure(let violations) = error?.details.first else {
        Issue.record("no QuotaFailure")
        return
      }
      #expect(violations.count == 1)
    }
  }

  @Test("a type that is unknown, another tenant's or out of the caller's reach is not found")
  func missing() async throws {
    try await WebhooksWorld.run { world in
      try await world.createType("a")
      let other = TenantID(UUID())
      try await world.makeTenant(other)
      await expectStatus(.notFound) { try await world.getType("b") }
      await expectStatus(.notFound) { try await world.getType("a", tenant: other) }
      await expectStatus(.notFound) { try await world.getType("a", as: WebhooksWorld.stranger) }
      await expectStatus(.notFound) { try await world.updateType("b", ["is_archived"]) }
      await expectStatus(.notFound) {
        try await world.updateType("a", ["is_archived"], tenant: other)
      }
      await expectStatus(.notFound) {
        try await world.updateType("a", ["is_archived"], as: WebhooksWorld.stranger)
      }
      await expectStatus(.notFound) { try await world.deleteType("b") }
      await expectStatus(.notFound) { try await world.deleteType("a", tenant: other) }
      await expectStatus(.notFound) { try await world.deleteType("a", as: WebhooksWorld.stranger) }
      await expectStatus(.notFound) { try await world.listTypes(as: WebhooksWorld.stranger) }
      #expect(try await world.getType("a").isArchived == false)
    }
  }

  // MARK: List

  @Test("types are listed by name, page by page, each once, without schemas")
  func paging() async throws {
    try await WebhooksWorld.run { world in
      let names = ["a", "a.b", "a.b.c", "b", "fee.paid", "fee_paid", "z"]
      for name in names.shuffled() {
        try await world.createType(name) { $0.schema = Array(Self.schema.utf8) }
      }
      let whole = try await world.listTypes()
      #expect(whole.nextPageToken.isEmpty)
      #expect(Set(whole.eventTypes.map(\.eventType)) == Set(names))
      #expect(whole.eventTypes.allSatisfy { $0.hasSchema && $0.schema.isEmpty })
      var seen: [String] = []
      var token = ""
      repeat {
        let page = try await world.listTypes {
          $0.pageSize = 3; $0.pageToken = token
        }
        #expect(page.eventTypes.count <= 3)
        seen += page.eventTypes.map(\.eventType)
        token = page.nextPageToken
        // Deleting where a page ended does not end the list.
        if !token.isEmpty { try await world.deleteType(try #require(seen.last)) }
      } while !token.isEmpty
      #expect(seen == whole.eventTypes.map(\.eventType))
    }
  }

  @Test("filters choose by prefix, and leave archived types out unless asked")
  func filters() async throws {
    try await WebhooksWorld.run { world in
      for name in ["pay", "pay.a", "pay.b", "p%y", "fee"].filter({ $0 != "p%y" }) {
        try await world.createType(name)
      }
      try await world.updateType("pay.b", ["is_archived"]) { $0.isArchived = true }
      func names(_ edit: (inout ListEventTypesRequest) -> Void) async throws -> Set<String> {
        Set(try await world.listTypes(edit).eventTypes.map(\.eventType))
      }
      #expect(try await names { _ in } == ["pay", "pay.a", "fee"])
      #expect(try await names { $0.includeArchived = true }.count == 4)
      #expect(try await names { $0.prefix = "pay." } == ["pay.a"])
      #expect(try await names { $0.prefix = "p%y" } == [])
      #expect(
        try await names {
          $0.prefix = "pay."; $0.includeArchived = true
        } == ["pay.a", "pay.b"])
    }
  }

  @Test("a listing refuses what it does not know; its token is good for its question alone")
  func listStatuses() async throws {
    try await WebhooksWorld.run { world in
      #expect(try await world.listTypes().eventTypes.isEmpty)
      await expectStatus(.notFound) {
        try await world.listTypes { $0.tenantId = TenantID(UUID()).description }
      }
      await expectViolations(["page_size", "prefix"]) {
        try await world.listTypes {
          $0.pageSize = -1
          $0.prefix = String(repeating: "p", count: 129)
        }
      }
      for name in ["a", "b", "c"] { try await world.createType(name) }
      let token = try await world.listTypes { $0.pageSize = 1 }.nextPageToken
      let code = token.dropLast(2)
      for forged in ["x", ".", ".a", "a.", "\(code)", "\(code).b", "\(code).", "\(token).a"] {
        await expectViolations(["page_token"]) {
          try await world.listTypes { $0.pageToken = forged }
        }
      }
      await expectViolations(["page_token"]) {
        try await world.listTypes {
          $0.pageToken = token; $0.prefix = "b"
        }
      }
      await expectViolations(["page_token"]) {
        try await world.listTypes {
          $0.pageToken = token; $0.includeArchived = true
        }
      }
      let rest = try await world.listTypes { $0.pageToken = token }
      #expect(rest.eventTypes.map(\.eventType) == ["b", "c"])
    }
  }

  // MARK: Update, delete

  @Test("an update changes what its mask names, and every change has a moment of its own")
  func update() async throws {
    try await WebhooksWorld.run { world in
      let made = try await world.createType("a") {
        $0.description = "old"
        $0.schema = Array(Self.schema.utf8)
      }
      let described = try await world.updateType("a", ["description"]) {
        $0.description = "new"
        $0.schema = Array("true".utf8)
      }
      var expected = made
      expected.description = "new"
      expected.updatedAt = described.updatedAt
      #expect(described == expected && described.updatedAt != made.updatedAt)
      let without = try await world.updateType("a", ["schema", "is_archived"]) {
        $0.isArchived = true
      }
      #expect(!without.hasSchema && without.schema.isEmpty && without.isArchived)
      // A clock that was set back does not make two schemas look the same.
      try await world.sql(
        "update integrationd.event_types set updated_at = now() + interval '1 hour'")
      let future = try await world.getType("a").updatedAt
      let again = try await world.updateType("a", ["schema", "is_archived"]) {
        $0.schema = Array("true".utf8)
      }
      #expect(again.schema == Array("true".utf8) && !again.isArchived)
      #expect(again.updatedAt?.unixMicroseconds == future?.unixMicroseconds.map { $0 + 1 })
      let keyed = try await world.updateType("a", ["is_archived"], key: "u")
      #expect(try await world.updateType("a", ["is_archived"], key: "u") == keyed)
      let reused = await expectStatus(.failedPrecondition) {
        try await world.updateType("a", ["description"], key: "u")
      }
      #expect(reused?.reason == "IDEMPOTENCY_KEY_REUSED")
    }
  }

  @Test("a deleted type is gone, and a repeat under its key is answered as before")
  func delete() async throws {
    try await WebhooksWorld.run { world in
      for name in ["a", "b"] { try await world.createType(name) }
      try await world.deleteType("a", key: "d")
      try await world.deleteType("a", key: "d")
      await expectStatus(.notFound) { try await world.deleteType("a") }
      let error = await expectStatus(.failedPrecondition) {
        try await world.deleteType("b", key: "d")
      }
      #expect(error?.reason == "IDEMPOTENCY_KEY_REUSED")
      #expect(try await world.listTypes().eventTypes.map(\.eventType) == ["b"])
    }
  }
}

extension WebhooksWorld {
  @discardableResult
  func createType(
    _ name: String, as user: UInt32 = WebhooksWorld.admin,
    _ edit: (inout CreateEventTypeRequest) -> Void = { _ in }
  ) async throws -> EventType {
    var request = CreateEventTypeRequest(tenantId: tenant.description, eventType: name)
    edit(&request)
    let response = try await daemon.eventTypes.createEventType(
      request, call("EventTypeService/CreateEventType", as: user))
    return try #require(response.eventType)
  }

  func getType(
    _ name: String, tenant: TenantID? = nil, as user: UInt32 = WebhooksWorld.admin
  ) async throws -> EventType {
    let response = try await daemon.eventTypes.getEventType(
      GetEventTypeRequest(tenantId: (tenant ?? self.tenant).description, eventType: name),
      call("EventTypeService/GetEventType", as: user))
    return try #require(response.eventType)
  }

  func listTypes(
    as user: UInt32 = WebhooksWorld.admin,
    _ edit: (inout ListEventTypesRequest) -> Void = { _ in }
  ) async throws -> ListEventTypesResponse {
    var request = ListEventTypesRequest(tenantId: tenant.description)
    edit(&request)
    return try await daemon.eventTypes.listEventTypes(
      request, call("EventTypeService/ListEventTypes", as: user))
  }

  @discardableResult
  func updateType(
    _ name: String, _ paths: [String], tenant: TenantID? = nil,
    as user: UInt32 = WebhooksWorld.admin, key: String = "",
    _ edit: (inout EventType) -> Void = { _ in }
  ) async throws -> EventType {
    var type = EventType(eventType: name)
    edit(&type)
    let response = try await daemon.eventTypes.updateEventType(
      UpdateEventTypeRequest(
        tenantId: (tenant ?? self.tenant).description, eventType: type,
        updateMask: ProtoFieldMask(paths: paths), idempotencyKey: key),
      call("EventTypeService/UpdateEventType", as: user))
    return try #require(response.eventType)
  }

  func deleteType(
    _ name: String, tenant: TenantID? = nil, as user: UInt32 = WebhooksWorld.admin,
    key: String = ""
  ) async throws {
    _ = try await daemon.eventTypes.deleteEventType(
      DeleteEventTypeRequest(
        tenantId: (tenant ?? self.tenant).description, eventType: name, idempotencyKey: key),
      call("EventTypeService/DeleteEventType", as: user))
  }
}
