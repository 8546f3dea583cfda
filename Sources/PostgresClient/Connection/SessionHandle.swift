internal import CLibpq

/// Owns one `PGconn`; `PQfinish` ends it. Everything here is libpq's non-blocking side.
///
/// Belongs to one loop's thread. After ``finish()`` nothing may be asked of it any more.
@safe
final class SessionHandle {
  private var connection: OpaquePointer?

  /// Begins to connect; ``poll()`` goes on. Nil only when libpq is out of memory.
  init?(keywords: [(name: String, value: String)]) {
    let names = CStrings(keywords.map(\.name))
    let values = CStrings(keywords.map(\.value))
    guard let raw = unsafe PQconnectStartParams(names.pointers, values.pointers, 0) else {
      return nil
    }
    unsafe connection = unsafe raw
    // With it a refused connection's message carries the SQLSTATE, which libpq keeps to itself otherwise.
    _ = unsafe PQsetErrorVerbosity(raw, PQERRORS_VERBOSE)
    // Otherwise libpq prints notices on the program's standard error.
    unsafe PQsetNoticeReceiver(raw, { _, _ in }, nil)
  }

  deinit { finish() }

  /// Closes the connection. Twice is not an error.
  func finish() {
    guard let raw = unsafe connection else { return }
    unsafe connection = nil
    unsafe PQfinish(raw)
  }

  private var raw: OpaquePointer {
    guard let raw = unsafe connection else { preconditionFailure("the connection is finished") }
    return unsafe raw
  }

  // MARK: Connecting

  func poll() -> PostgresPollingStatusType { unsafe PQconnectPoll(raw) }

  var isBroken: Bool { unsafe PQstatus(raw) == CONNECTION_BAD }

  var socket: Int32 { unsafe PQsocket(raw) }

  /// What libpq last had to say.
  var errorMessage: String {
    guard let text = unsafe PQerrorMessage(raw) else { return "" }
    return unsafe String(cString: text)
  }

  /// Makes the connected session non-blocking and enters pipeline mode.
  func enterPipeline() -> Bool {
    unsafe PQsetnonblocking(raw, 1) == 0 && PQenterPipelineMode(raw) == 1
  }

  /// Tells `owner`'s ``Connection/noticed(_:)`` of notices and warnings. `owner` must call ``finish()`` before it goes.
  func reportNotices(to owner: Connection) {
    let context = unsafe Unmanaged.passUnretained(owner).toOpaque()
    unsafe PQsetNoticeReceiver(
      raw,
      { context, result in
        guard let context = unsafe context, let result = unsafe result,
          let state = unsafe PQresultErrorField(result, Int32(CLIBPQ_DIAG_SQLSTATE))
        else { return }
        unsafe Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().noticed(
          SQLState(rawValue: unsafe String(cString: state)))
      }, context)
  }

  // MARK: Sending. False: libpq refused, and the connection is of no use any more.

  func sendPrepare(_ name: String, _ sql: String) -> Bool {
    unsafe PQsendPrepare(raw, name, sql, 0, nil) == 1
  }

  func sendDescribe(_ name: String) -> Bool { unsafe PQsendDescribePrepared(raw, name) == 1 }

  /// A command without parameters.
  func sendCommand(_ sql: String) -> Bool {
    unsafe PQsendQueryParams(raw, sql, 0, nil, nil, nil, nil, 1) == 1
  }

  /// Runs a prepared statement, asking for binary results.
  func sendExecute(_ name: String, _ parameters: borrowing ParameterBuffer) -> Bool {
    let raw = unsafe raw
    let count = parameters.offsets.count
    let offsets = parameters.offsets
    return unsafe parameters.bytes.withUnsafeBytes { bytes in
      unsafe parameters.lengths.withUnsafeBufferPointer { lengths in
        unsafe parameters.formats.withUnsafeBufferPointer { formats in
          unsafe withUnsafeTemporaryAllocation(
            of: UnsafePointer<CChar>?.self, capacity: count
          ) { pointers in
            for index in 0..<count {
              let offset = offsets[index]
              unsafe pointers.initializeElement(
                at: index,
                to: offset < 0
                  ? nil
                  : bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self))
            }
            return unsafe PQsendQueryPrepared(
              raw, name, Int32(clamping: count), pointers.baseAddress, lengths.baseAddress,
              formats.baseAddress, 1) == 1
          }
        }
      }
    }
  }

  func sendSync() -> Bool { unsafe PQpipelineSync(raw) == 1 }

  enum Flush { case done, pending, broken }

  /// Writes what the socket takes.
  func flush() -> Flush {
    switch unsafe PQflush(raw) {
    case 0: .done
    case 1: .pending
    default: .broken
    }
  }

  // MARK: Receiving

  /// Reads what has arrived. False when the connection broke; what came before is still there to take.
  func consumeInput() -> Bool { unsafe PQconsumeInput(raw) == 1 }

  /// Whether the next result has not arrived yet.
  var isBusy: Bool { unsafe PQisBusy(raw) == 1 }

  /// The next result, or nil behind the last one of a command. Only when not ``isBusy``.
  func nextResult() -> QueryResult? {
    guard let result = unsafe PQgetResult(raw) else { return nil }
    return unsafe QueryResult(owning: result)
  }

  /// The next notification that has arrived: its channel and payload.
  func nextNotification() -> (channel: String, payload: String)? {
    guard let notification = unsafe PQnotifies(raw) else { return nil }
    defer { unsafe PQfreemem(notification) }
    return unsafe (
      String(cString: notification.pointee.relname), String(cString: notification.pointee.extra)
    )
  }

  /// Whether the session is outside any transaction, with nothing on its way.
  var isIdle: Bool { unsafe PQtransactionStatus(raw) == PQTRANS_IDLE }
}
