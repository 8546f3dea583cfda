import FoundationEssentials
import Integrations
import PostgresClient
import TestSupport
import Testing

@Suite("Statements")
struct QueriesTests {
  @Test("each is accepted by a fresh database, and refers to its parameters in a row")
  func prepare() async throws {
    let store = try await TestDatabase.make(Schema.migrations)
    for (number, statement) in Queries.all.enumerated() {
      do {
        let rows = try await store.execute(
          """
          prepare statement_\(number) as \(statement.sql);
          select coalesce(array_length(parameter_types, 1), 0) as parameters
          from pg_prepared_statements
          where name = 'statement_\(number)'
          """)
        let count = try rows.first?.int("parameters") ?? 0
        for parameter in 1..<(count + 1) {
          #expect(statement.sql.contains("$\(parameter)"), "\(statement.name)")
        }
      } catch {
        Issue.record("\(statement.name): \(error)")
      }
    }
  }

  @Test("names are unique, short enough, and none is missing from the list")
  func names() throws {
    let names = Queries.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.allSatisfy { $0.utf8.count <= 63 })
    let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources/Integrations")
    let files = try FileManager.default.subpathsOfDirectory(atPath: sources.path)
    var written: Set<String> = []
    for file in files where file.hasSuffix(".swift") {
      let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
      for match in text.matches(of: /(?:Query|Lookup)\(\s*"([a-z_.]+)"/) {
        written.insert(String(match.1))
      }
    }
    #expect(written == Set(names))
  }
}
