internal import Synchronization

/// Refuses a server that a promotion has left behind.
///
/// After a failover the old primary may come back and take writes while the new one does too;
/// `target_session_attrs=read-write` takes either. Each promotion begins a higher timeline, so a server
/// on a lower one than was seen before is not connected to. This only narrows the window: keeping an old
/// primary from starting is the operator's duty.
final class TimelineGuard: Sendable {
  private let highest = Mutex<UInt32>(0)

  /// - Parameter timeline: eight hexadecimal digits; nil for a server in recovery, which takes no writes.
  func admits(_ timeline: String?) -> Bool {
    guard let timeline, let number = UInt32(timeline, radix: 16) else { return true }
    return highest.withLock { highest in
      guard number >= highest else { return false }
      highest = number
      return true
    }
  }

  /// The first eight digits of a WAL file's name are its timeline.
  private static let statement = Statement(
    name: "postgres.timeline",
    sql: """
      select
        case
          when pg_is_in_recovery() then null
          else left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
        end
      """, effect: .reads)

  /// Asks a new session for its server's timeline.
  static func check(_ done: @escaping (Result<String?, DatabaseError>) -> Void) -> Batch {
    Batch([.statement(statement, [])]) { batch, end in
      if let failure = batch.failure { return done(.failure(failure.error)) }
      guard case .synced = end, let result = batch.results[0] else {
        return done(.failure(DatabaseError(.unavailable)))
      }
      do throws(RowError) {
        let rows = try RowReader.rows(of: Answer(result)) { row throws(RowError) in
          try row.textIfPresent()
        }
        done(.success(rows.first ?? nil))
      } catch {
        done(.failure(DatabaseError(.decoding(error))))
      }
    }
  }
}
