import Integrations
import PostgresClient
import TTRPC
import Testing

@Suite("Database errors as callers see them")
struct DatabaseErrorsTests {
  @Test(
    "each kind has a status, and only what nobody else logs has a cause",
    arguments: [
      (DatabaseError.Kind.unavailable, StatusCode.unavailable, false),
      (.overloaded, .resourceExhausted, false),
      (.deadlineExceeded, .deadlineExceeded, false),
      (.cancelled, .cancelled, false),
      (.outcomeUnknown, .unavailable, true),
      (.invalidInput, .invalidArgument, false),
      (.constraint(.init(sort: .check, name: "secret_name")), .internal, true),
      (.serialization, .unavailable, false),
      (.readOnly, .unavailable, false),
      (.diskFull, .unavailable, false),
      (.server, .internal, true),
      (.decoding(.missingColumn(1)), .internal, true),
      (.misuse("a sentence"), .internal, true),
    ])
  func statuses(kind: DatabaseError.Kind, code: StatusCode, isLogged: Bool) {
    let error = DatabaseError(kind, message: "secret words")
    #expect(error.rpcError.code == code)
    #expect((error.cause != nil) == isLogged)
    #expect(!error.rpcError.message.contains("secret"))
    if isLogged { #expect("\(error.cause.map { "\($0)" } ?? "")".contains("secret words")) }
  }

  @Test("an unknown outcome says so to programs")
  func outcome() {
    #expect(DatabaseError(.outcomeUnknown).rpcError.reason == "OUTCOME_UNKNOWN")
  }
}
