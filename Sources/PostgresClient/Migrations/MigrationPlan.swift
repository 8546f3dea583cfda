/// A migration that a database has, as its table tells.
struct AppliedMigration: Sendable, Hashable {
  let name: String
  let checksum: String
}

/// What is left to do on a database; decided without touching it.
struct MigrationPlan: Sendable, Equatable {
  /// In the order to apply them.
  let pending: [Migration]

  /// - Throws: ``MigrationError``, when what the database has does not fit to what we know.
  init(known: [Migration], applied: [AppliedMigration]) throws(MigrationError) {
    for (earlier, later) in zip(known, known.dropFirst()) where earlier.name >= later.name {
      throw .invalidList(reason: "\(later.name) does not sort after \(earlier.name)")
    }
    let checksums = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.checksum) })
    let unknown = applied.map(\.name).filter { checksums[$0] == nil }.sorted()
    guard unknown.isEmpty else { throw .databaseIsNewer(unknown: unknown) }
    for migration in applied.sorted(by: { $0.name < $1.name })
    where checksums[migration.name] != migration.checksum {
      throw .edited(name: migration.name)
    }
    let done = Set(applied.map(\.name))
    pending = known.filter { !done.contains($0.name) }
    if let first = pending.first, let last = done.max(), first.name < last {
      throw .outOfOrder(name: first.name, after: last)
    }
  }
}
