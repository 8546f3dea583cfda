/// Why the schema was not brought up to date. What was applied before stays applied.
package enum MigrationError: Error, Sendable, Equatable {
  /// The list itself is wrong: two of a name, or not in the order of the names.
  case invalidList(reason: String)
  /// A migration was edited after it had been applied.
  case edited(name: String)
  /// The database has migrations that this program does not know: a newer program made it.
  case databaseIsNewer(unknown: [String])
  /// A migration that was never applied sorts before one that was: they would be applied in another
  /// order than elsewhere.
  case outOfOrder(name: String, after: String)
  /// A migration failed; its transaction was rolled back.
  case failed(name: String, AdminError)
  /// A table stayed locked by others through every try.
  case blocked(name: String, tries: Int)
  /// Another process did not finish its migrations in time.
  case lockNotAvailable
  /// The database could not be asked, or prepared.
  case database(AdminError)
}

extension MigrationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidList(let reason): "the list of migrations is wrong: \(reason)"
    case .edited(let name):
      """
      migration \(name) is not the one that was applied to this database: a merged migration is \
      never edited; restore its text and put the change into a new one
      """
    case .databaseIsNewer(let unknown):
      """
      the database is newer than this program, which does not know \
      \(unknown.joined(separator: ", ")); run the newer integrationd, or restore a backup
      """
    case .outOfOrder(let name, let after):
      "migration \(name) was never applied, but \(after) was; give it a name that sorts last"
    case .failed(let name, let error): "migration \(name) failed and was undone: \(error)"
    case .blocked(let name, let tries):
      "migration \(name) found its tables locked by other sessions \(tries) times; try again later"
    case .lockNotAvailable: "another process is migrating this database and does not finish"
    case .database(let error): "cannot migrate: \(error)"
    }
  }
}
