package import FoundationEssentials

/// Where a page ended: the last row's place in a list that is sorted by time, then id.
package struct PageCursor: Hashable, Sendable {
  /// Unix time in microseconds, as exact as PostgreSQL keeps it.
  package let unixMicroseconds: Int64
  /// Tells rows of one moment apart. The nil UUID where moments are unique.
  package let id: UUID

  package init(unixMicroseconds: Int64, id: UUID = .nilUUID) {
    self.unixMicroseconds = unixMicroseconds
    self.id = id
  }
}

extension PageCursor {
  /// Comes before every row of a list that runs from the newest: the year 9999. Saves a second
  /// statement without a cursor.
  package static let beforeNewest = PageCursor(
    unixMicroseconds: 253_402_300_799_000_000, id: UUID(bytes: [UInt8](repeating: 0xFF, count: 16)))
}
