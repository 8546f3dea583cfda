import PostgresClient
import TestSupport
import Testing

@Suite("Databases for tests")
struct TestDatabaseTests {
  static let migrations = [
    Migration(name: "v0001_things", sql: "create table things (id int primary key)")
  ]

  @Test("each has the schema and a content of its own")
  func separate() async throws {
    let one = try await TestDatabase.make(Self.migrations)
    let other = try await TestDatabase.make(Self.migrations)
    try await one.execute("insert into things values (1)", as: .owner)
    #expect(try await one.execute("select from things").count == 1)
    #expect(try await other.execute("select from things").isEmpty)
  }

  @Test("the application role may enter and own nothing")
  func roles() async throws {
    let database = try await TestDatabase.make(Self.migrations)
    await #expect(throws: AdminError.self) {
      try await database.execute("create table mine (id int)", as: .app)
    }
  }
}
