internal import JSONSchema
internal import Reactor

/// Compiled schemas by tenant and type, bounded in number and in bytes of their texts.
struct SchemaCache: Sendable {
  struct Key: Hashable, Sendable {
    let tenant: TenantID
    let type: String
  }

  /// What a type lets payloads be.
  enum Answer: Sendable {
    case anything
    case matching(JSONSchema)
    /// What is stored is no schema to this daemon, and why.
    case unusable(String)
  }

  struct Entry: Sendable {
    let answer: Answer
    /// When the schema was changed last. Nil: there is none.
    let updatedAt: UnixTime?
    /// Of the schema's text.
    let bytes: Int
    /// When the answer was asked for.
    let askedAt: MonotonicInstant
  }

  private struct Slot {
    let entry: Entry
    var lastUse: UInt64
  }

  /// Entries.
  let capacity: Int
  /// Bytes of all schemas' texts.
  let maxBytes: Int

  private var slots: [Key: Slot] = [:]
  private(set) var bytes = 0
  private var uses: UInt64 = 0

  init(capacity: Int, maxBytes: Int) {
    self.capacity = capacity
    self.maxBytes = maxBytes
  }

  /// The entry of a type, however old, which now was used last.
  mutating func use(_ key: Key) -> Entry? {
    uses += 1
    slots[key]?.lastUse = uses
    return slots[key]?.entry
  }

  /// Keeps an entry in place of the one before. When that is one too many, a tenth of what is allowed
  /// goes, longest unused first.
  mutating func keep(_ entry: Entry, for key: Key) {
    uses += 1
    bytes += entry.bytes - (slots[key]?.entry.bytes ?? 0)
    slots[key] = Slot(entry: entry, lastUse: uses)
    guard slots.count > capacity || bytes > maxBytes else { return }
    for (old, slot) in slots.sorted(by: { $0.value.lastUse < $1.value.lastUse }) {
      guard slots.count > capacity - capacity / 10 || bytes > maxBytes - maxBytes / 10 else {
        return
      }
      slots.removeValue(forKey: old)
      bytes -= slot.entry.bytes
    }
  }
}

extension SchemaCache.Entry {
  /// What a reading says.
  /// - Parameter before: the entry whose moment the reading was told.
  init(
    _ reading: EventTypeRepository.SchemaReading, askedAt: MonotonicInstant,
    before: SchemaCache.Entry?
  ) {
    self.askedAt = askedAt
    switch reading {
    case .absent: (answer, updatedAt, bytes) = (.anything, nil, 0)
    case .unchanged:
      (answer, updatedAt, bytes) = (
        before?.answer ?? .anything, before?.updatedAt, before?.bytes ?? 0
      )
    case .changed(let text, let changedAt):
      (updatedAt, bytes) = (changedAt, text.count)
      do throws(SchemaError) {
        answer = .matching(try JSONSchema(parsing: text))
      } catch {
        answer = .unusable(error.sentence)
      }
    }
  }
}
