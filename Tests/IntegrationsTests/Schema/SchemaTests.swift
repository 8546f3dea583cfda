import Integrations
import KeyRules
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("The schema")
struct SchemaTests {
  @Test("keeps tenants apart, as the check at start demands")
  func security() async throws {
    let store = try await TestDatabase.make(Schema.migrations)
    let findings = try await SecurityCheck(Schema.security).findings(
      store.connectionString(for: .owner), deadline: .within(.seconds(120)))
    #expect(findings.filter { $0.severity == .fatal } == [])
  }

  @Test("belongs to the owner role, every table with forced row level security")
  func forced() async throws {
    let store = try await TestDatabase.make(Schema.migrations)
    let rows = try await store.execute(
      """
      select relname
      from pg_class
      where relnamespace = 'integrationd'::regnamespace
        and relkind in ('r', 'p')
        and not (relrowsecurity and relforcerowsecurity)
      """)
    #expect(rows == [])
  }

  @Test("migrations are in the order of their names")
  func order() {
    let names = Schema.migrations.map(\.name)
    #expect(names == names.sorted())
    #expect(Set(names).count == names.count)
    #expect(Schema.migrations.allSatisfy { $0.sql.hasPrefix("-- Why") })
  }

  @Test("a keyring is recorded, and another one noticed")
  func keyrings() async throws {
    try await ServiceWorld.run { world in
      let check = KeyringCheck(database: world.database)
      let deadline = Deadline.within(.seconds(120))
      #expect(try await check.isNew(deadline: deadline))
      #expect(try await check.missing(from: world.keyring, deadline: deadline) == [])
      #expect(try await check.run(world.keyring, deadline: deadline) == [])
      #expect(try await !check.isNew(deadline: deadline))
      #expect(try await check.run(world.keyring, deadline: deadline) == [])
      let stranger = try Keyring.generate()
      #expect(try await check.run(stranger, deadline: deadline).count == KeyPurpose.allCases.count)
      #expect(
        try await check.missing(from: stranger, deadline: deadline).count
          == KeyPurpose.allCases.count)
    }
  }

  @Test("a key of the ring that is not primary is not recorded: other daemons may lack it yet")
  func addedKey() async throws {
    try await ServiceWorld.run { world in
      let check = KeyringCheck(database: world.database)
      let deadline = Deadline.within(.seconds(120))
      let keys = [
        MasterKey.generate(.pepper, version: 1), .generate(.pepper, version: 2),
        .generate(.keyEncryption, version: 1),
      ]
      let old = try Keyring([keys[0], keys[2]])
      let added = try Keyring(keys, primary: [.pepper: 1])
      #expect(try await check.run(added, deadline: deadline) == [])
      #expect(try await check.run(old, deadline: deadline) == [])
      #expect(try await check.run(try Keyring(keys), deadline: deadline) == [])
      #expect(try await check.run(added, deadline: deadline) == [])
      #expect(try await check.run(old, deadline: deadline).map(\.version) == [2])
    }
  }
}
