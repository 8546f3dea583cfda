import IntegrationAPI
import Integrations
import ProtobufC
import TTRPC
import Testing

@Suite("Tenants")
struct TenantsServiceTests {
  private static let id = "7d444840-9dc0-11d1-b245-5ffdce74fad2"

  @Test("a tenant is created with an id of its own, and read back")
  func create() async throws {
    try await ServiceWorld.run { world in
      let tenant = try await world.create("Zoë's school 🏫")
      #expect(tenant.displayName == "Zoë's school 🏫")
      #expect(tenant.state == .active)
      #expect(tenant.suspendedAt == nil)
      #expect(tenant.createdAt != nil && tenant.createdAt == tenant.updatedAt)
      #expect(tenant.tenantId == tenant.tenantId.lowercased())
      #expect(TenantID(tenant.tenantId) != nil)
      #expect(try await world.get(tenant.tenantId) == tenant)
      #expect(try await world.get(tenant.tenantId.uppercased()) == tenant)
    }
  }

  @Test("a caller may choose the id, once")
  func chosenID() async throws {
    try await ServiceWorld.run { world in
      let tenant = try await world.create(id: Self.id.uppercased())
      #expect(tenant.tenantId == Self.id)
      let error = await expectStatus(.alreadyExists) { try await world.create(id: Self.id) }
      #expect(error?.details.contains(.resourceInfo(type: "tenant", name: Self.id)) == true)
    }
  }

  @Test("a name is 1 to 200 characters on one line")
  func names() async throws {
    try await ServiceWorld.run { world in
      try await world.create(String(repeating: "é", count: 200))
      await expectViolations(["display_name"]) { try await world.create("") }
      await expectViolations(["display_name"]) {
        try await world.create(String(repeating: "é", count: 201))
      }
      await expectViolations(["display_name"]) { try await world.create("a\nb") }
      await expectViolations(["display_name", "tenant_id", "idempotency_key"]) {
        try await world.create("", id: "x", key: "a b")
      }
      await expectViolations(["tenant_id"]) {
        try await world.create(id: "00000000-0000-0000-0000-000000000000")
      }
    }
  }

  @Test("an unknown tenant is not found by any call, and a bad id is refused")
  func unknown() async throws {
    try await ServiceWorld.run { world in
      await expectStatus(.notFound) { try await world.get(Self.id) }
      await expectStatus(.notFound) { try await world.suspend(Self.id) }
      await expectStatus(.notFound) { try await world.resume(Self.id) }
      await expectViolations(["tenant_id"]) { try await world.get("") }
      await expectViolations(["tenant_id"]) { try await world.suspend("x") }
      await expectViolations(["tenant_id"]) { try await world.resume("x") }
    }
  }

  @Test("suspending and resuming change a tenant once")
  func suspension() async throws {
    try await ServiceWorld.run { world in
      let id = try await world.create().tenantId
      let suspended = try await world.suspend(id, reason: "unpaid\nsince May")
      #expect(suspended.state == .suspended)
      #expect(suspended.suspensionReason == "unpaid\nsince May")
      #expect(suspended.suspendedAt == suspended.updatedAt)
      #expect(try await world.suspend(id, reason: "again") == suspended)
      #expect(try await world.get(id) == suspended)
      let resumed = try await world.resume(id)
      #expect(resumed.state == .active)
      #expect(resumed.suspensionReason.isEmpty && resumed.suspendedAt == nil)
      #expect(try await world.resume(id) == resumed)
      await expectViolations(["reason"]) {
        try await world.suspend(id, reason: String(repeating: "x", count: 501))
      }
      try await world.suspend(id, reason: String(repeating: "x", count: 500))
      try await world.resume(id)
      try await world.suspend(id, reason: "")
    }
  }

  @Test("a list runs from the newest, page by page, and holds everything once")
  func paging() async throws {
    try await ServiceWorld.run { world in
      var created: [String] = []
      for number in 0..<7 { created.append(try await world.create("\(number)").tenantId) }
      var seen: [String] = []
      var token = ""
      var pages = 0
      repeat {
        let page = try await world.list(size: 3, token: token)
        seen += page.tenants.map(\.tenantId)
        token = page.nextPageToken
        pages += 1
      } while !token.isEmpty
      #expect(seen == created.reversed())
      #expect(pages == 3)
      #expect(try await world.list(size: 7).nextPageToken.isEmpty)
      #expect(try await world.list().tenants.count == 7)
    }
  }

  @Test("tenants of one moment are told apart")
  func sameMoment() async throws {
    try await ServiceWorld.run { world in
      for number in 0..<5 { try await world.create("\(number)") }
      try await world.store.execute("update integrationd.tenants set created_at = now()")
      let first = try await world.list(size: 2)
      let second = try await world.list(size: 2, token: first.nextPageToken)
      let third = try await world.list(size: 2, token: second.nextPageToken)
      let ids = [first, second, third].flatMap(\.tenants).map(\.tenantId)
      #expect(Set(ids).count == 5 && ids.count == 5)
      #expect(ids == ids.sorted(by: >))
    }
  }

  @Test("a list can be limited to a state")
  func filter() async throws {
    try await ServiceWorld.run { world in
      let first = try await world.create().tenantId
      let second = try await world.create().tenantId
      let third = try await world.create().tenantId
      try await world.suspend(second)
      #expect(try await world.list(state: .active).tenants.map(\.tenantId) == [third, first])
      #expect(try await world.list(state: .suspended).tenants.map(\.tenantId) == [second])
      await expectViolations(["state"]) { try await world.list(state: .unrecognized(9)) }
      await expectViolations(["page_size"]) { try await world.list(size: 1001) }
      await expectViolations(["page_size"]) { try await world.list(size: -1) }
      let page = try await world.list(size: 1, state: .active)
      await expectViolations(["page_token"]) {
        try await world.list(token: page.nextPageToken, state: .suspended)
      }
      await expectViolations(["page_token"]) { try await world.list(token: "rubbish") }
    }
  }

  @Test("a caller that is limited to some tenants sees and touches only those")
  func limitedCaller() async throws {
    try await ServiceWorld.run { world in
      let limited = ServiceWorld.limited
      let other = try await world.create().tenantId
      await expectStatus(.permissionDenied) { try await world.create(as: limited) }
      await expectStatus(.permissionDenied) { try await world.create(id: other, as: limited) }
      let own = try await world.create(id: ServiceWorld.itsTenant, as: limited)
      #expect(try await world.get(own.tenantId, as: limited) == own)
      #expect(try await world.list(as: limited).tenants == [own])
      #expect(try await world.list(state: .suspended, as: limited).tenants.isEmpty)
      #expect(try await world.list(state: .active, as: limited).tenants == [own])
      let hidden = await expectStatus(.notFound) { try await world.get(other, as: limited) }
      let missing = await expectStatus(.notFound) { try await world.get(Self.id, as: limited) }
      #expect(hidden?.message == missing?.message.replacing(Self.id, with: other))
      await expectStatus(.notFound) { try await world.suspend(other, as: limited) }
      await expectStatus(.notFound) { try await world.resume(other, as: limited) }
      #expect(try await world.suspend(own.tenantId, as: limited).state == .suspended)
    }
  }

  @Test("a caller the policy no longer knows is denied")
  func unknownCaller() async throws {
    try await ServiceWorld.run { world in
      await expectStatus(.permissionDenied) { try await world.create(as: 1) }
      await expectStatus(.permissionDenied) { try await world.list(as: 1) }
    }
  }

  @Test("one tenant's transaction sees no other tenant's row")
  func isolation() async throws {
    try await ServiceWorld.run { world in
      let mine = try #require(TenantID(try await world.create().tenantId))
      let other = try await world.create().tenantId
      let seen = try await world.store.execute(
        """
        select set_config('integrationd.tenant_id', '\(mine)', true);
        select count(*) as rows, count(*) filter (where id = '\(other)') as others
        from integrationd.tenants
        """, as: .app)
      #expect(try seen.first?.int("rows") == 1)
      #expect(try seen.first?.int("others") == 0)
      for setting in ["", "set integrationd.tenant_id = '';"] {
        await #expect(throws: (any Error).self) {
          try await world.store.execute(
            "\(setting) select id from integrationd.tenants", as: .app)
        }
      }
    }
  }
}
