/// A named statement and the type of its rows: `static let insert = Query("api_keys.insert", """ … """) { … }`.
///
/// A query is prepared on a connection, under its name, the first time that connection runs it. Two
/// queries never share a name; a second text under one name is refused (``DatabaseError``
/// `.misuse`), because a connection would run whichever it saw first.
///
/// A class, as a generic struct is laid out anew at run time wherever it is handed on.
package final class Query<Row: Sendable>: Sendable {
  package let statement: Statement
  let decode: @Sendable (inout RowReader) throws(RowError) -> Row

  /// - Parameters:
  ///   - name: unique in the program, such as `api_keys.insert`; at most 50 bytes.
  ///   - sql: one statement with `$n` for every value.
  ///   - effect: whether it writes; nil takes it from the text (``Statement/Effect/inferred(from:)``).
  ///   - decode: reads every column of one row, in order.
  package convenience init(
    _ name: String, _ sql: String, effect: Statement.Effect? = nil,
    _ decode: @escaping @Sendable (inout RowReader) throws(RowError) -> Row
  ) {
    self.init(
      statement: Statement(name: name, sql: sql, effect: effect ?? .inferred(from: sql)), decode)
  }

  init(
    statement: Statement, _ decode: @escaping @Sendable (inout RowReader) throws(RowError) -> Row
  ) {
    self.statement = statement
    self.decode = decode
  }
}

extension Query where Row == Void {
  /// A statement whose rows, if any, nobody reads: for ``Database/execute(_:_:in:deadline:)``.
  package convenience init(_ name: String, _ sql: String, effect: Statement.Effect? = nil) {
    self.init(name, sql, effect: effect) { row throws(RowError) in try row.skipRest() }
  }
}

/// The untyped half of a ``Query``: what a connection needs to prepare and run it.
package struct Statement: Sendable, Hashable {
  /// Whether running a statement twice can be told from running it once.
  package enum Effect: Sendable, Hashable {
    /// A statement lost on its way may be run again, and its failure never leaves a doubt.
    case reads
    /// When the reply is lost, the outcome is unknown.
    case writes
  }

  package let name: String
  package let sql: String
  package let effect: Effect
  /// Name and text are what the protocol takes.
  private let isWellFormed: Bool

  init(name: String, sql: String, effect: Effect) {
    self.name = name
    self.sql = sql
    self.effect = effect
    isWellFormed =
      name.utf8.count <= Self.maxNameBytes && !name.utf8.contains(0) && !sql.utf8.contains(0)
  }

  /// The protocol counts parameters in 16 bits.
  private static let maxParameters = 65_535
  /// The server keeps names of 63 bytes; a connection adds a number.
  private static let maxNameBytes = 50

  /// Refuses what would not reach the server as meant.
  func check(_ parameters: [SQLValue]) throws(DatabaseError) {
    guard !parameters.contains(where: \.isUnrepresentable) else {
      throw DatabaseError(.invalidInput)
    }
    guard parameters.count <= Self.maxParameters, isWellFormed else {
      throw DatabaseError(.misuse("the statement \(name) breaks a limit"))
    }
  }
}

extension Statement.Effect {
  /// `reads` when the text, behind comments, begins with `select` and holds no word that could make it
  /// write or lock; anything else is taken to write. A `select` of a function that writes must say so.
  package static func inferred(from sql: String) -> Self {
    let words = SQLWords(sql)
    guard words.first == "select" else { return .writes }
    let writing: Set<String> = ["for", "insert", "update", "delete", "merge", "nextval", "setval"]
    return words.contains(where: writing.contains) ? .writes : .reads
  }
}

extension Query {
  func rows(of answer: Answer) throws(DatabaseError) -> [Row] {
    do throws(RowError) {
      return try RowReader.rows(of: answer, decode)
    } catch {
      throw DatabaseError(.decoding(error), message: statement.name)
    }
  }

  func row(of answer: Answer) throws(DatabaseError) -> Row? {
    let rows = try rows(of: answer)
    guard rows.count <= 1 else {
      let error = RowError.refused("at most one row was expected, there are \(rows.count)")
      throw DatabaseError(.decoding(error), message: statement.name)
    }
    return rows.first
  }
}
