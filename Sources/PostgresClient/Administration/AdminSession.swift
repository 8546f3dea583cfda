internal import CLibpq
internal import Dispatch
internal import Glibc
package import Reactor

/// One PostgreSQL session for start-up work: migrations, roles, the security check.
///
/// It speaks the simple protocol, so that a migration may hold several statements, and it blocks
/// a thread of its own instead of an event loop, so that it works before there are loops. Never
/// on the path of a request: that is ``Database``.
package actor AdminSession {
  private let executor = QueueExecutor(label: "postgres-admin-session")
  private var handle: AdminHandle?

  package nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  private init() {}

  /// Connects, with the defaults of every session (``DatabaseConfiguration/Endpoint/conninfo``).
  /// - Parameter conninfo: a libpq connection string or URI.
  package static func open(
    _ conninfo: String, deadline: Deadline
  ) async throws(AdminError) -> AdminSession {
    let session = AdminSession()
    try await session.connect(conninfo, deadline: deadline)
    return session
  }

  /// Runs one or several statements without parameters and returns the rows of the last.
  /// Several statements are one transaction unless they say otherwise.
  @discardableResult
  package func execute(
    _ script: String, deadline: Deadline
  ) throws(AdminError) -> [AdminRow] {
    guard !script.utf8.contains(0) else { throw .containsNUL }
    return try unsafe converse(deadline: deadline) { raw in unsafe PQsendQuery(raw, script) }
  }

  /// Runs one statement whose `$1`, `$2`... are bound to `parameters` as text.
  @discardableResult
  package func query(
    _ statement: String, _ parameters: [String?], deadline: Deadline
  ) throws(AdminError) -> [AdminRow] {
    guard !statement.utf8.contains(0),
      !parameters.contains(where: { $0?.utf8.contains(0) ?? false })
    else { throw .containsNUL }
    return try unsafe converse(deadline: deadline) { raw in
      let copies = unsafe parameters.map { text in
        unsafe UnsafePointer<CChar>(text.flatMap { unsafe strdup($0) })
      }
      defer {
        for index in unsafe copies.indices {
          unsafe free(UnsafeMutableRawPointer(mutating: copies[index]))
        }
      }
      return unsafe PQsendQueryParams(
        raw, statement, Int32(parameters.count), nil, copies, nil, nil, 0)
    }
  }

  /// Whether a transaction block is open, failed ones included.
  package var isInTransaction: Bool {
    guard let raw = unsafe handle?.raw else { return false }
    return switch unsafe PQtransactionStatus(raw) {
    case PQTRANS_INTRANS, PQTRANS_INERROR: true
    default: false
    }
  }

  /// Ends the session. Closing twice is not an error.
  package func close() {
    handle = nil
  }

  // MARK: Conversation with libpq

  private func connect(_ conninfo: String, deadline: Deadline) throws(AdminError) {
    let parameters: ConnectionParameters
    do throws(MalformedConnectionString) {
      parameters = try ConnectionParameters(conninfo)
    } catch {
      throw .malformed(error)
    }
    guard let fresh = AdminHandle(keywords: parameters.keywords) else {
      throw .connection("out of memory")
    }
    let raw = unsafe fresh.raw
    guard unsafe PQstatus(raw) != CONNECTION_BAD else { throw .connection(fresh.message) }
    var wanted = Int16(POLLOUT)
    while true {
      try Self.wait(unsafe PQsocket(raw), for: wanted, until: deadline)
      switch unsafe PQconnectPoll(raw) {
      case PGRES_POLLING_OK:
        unsafe PQsetnonblocking(raw, 1)
        handle = consume fresh
        return
      case PGRES_POLLING_READING: wanted = Int16(POLLIN)
      case PGRES_POLLING_WRITING: wanted = Int16(POLLOUT)
      default: throw .connection(fresh.message)
      }
    }
  }

  private func converse(
    deadline: Deadline, send: (OpaquePointer) -> Int32
  ) throws(AdminError) -> [AdminRow] {
    guard let raw = unsafe handle?.raw else { throw .closed }
    do throws(AdminError) {
      guard unsafe send(raw) == 1 else { throw lost() }
      try unsafe flush(raw, until: deadline)
      return try unsafe collect(raw, until: deadline)
    } catch {
      // After a time-out or a cut the answer may still come: the session cannot be used again.
      if error.sqlState == nil { close() }
      throw error
    }
  }

  private func flush(_ raw: OpaquePointer, until deadline: Deadline) throws(AdminError) {
    while true {
      switch unsafe PQflush(raw) {
      case 0: return
      case 1: break
      default: throw lost()
      }
      // Reading while writing: a server that waits for us to read would never read from us.
      try Self.wait(unsafe PQsocket(raw), for: Int16(POLLIN | POLLOUT), until: deadline)
      guard unsafe PQconsumeInput(raw) == 1 else { throw lost() }
    }
  }

  private func collect(
    _ raw: OpaquePointer, until deadline: Deadline
  ) throws(AdminError) -> [AdminRow] {
    var rows: [AdminRow] = []
    var refusal: AdminError?
    while true {
      while unsafe PQisBusy(raw) == 1 {
        try Self.wait(unsafe PQsocket(raw), for: Int16(POLLIN), until: deadline)
        guard unsafe PQconsumeInput(raw) == 1 else { throw lost() }
      }
      guard let result = unsafe PQgetResult(raw) else { break }
      defer { unsafe PQclear(result) }
      switch unsafe PQresultStatus(result) {
      case PGRES_TUPLES_OK: rows = unsafe AdminResult.rows(of: result)
      case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: rows = []
      default:
        let report = unsafe AdminResult.report(of: result)
        // A cut connection is reported as a result without SQLSTATE.
        refusal = refusal ?? (report.map { .server($0) } ?? lost())
      }
    }
    if let refusal { throw refusal }
    guard unsafe PQstatus(raw) == CONNECTION_OK else { throw lost() }
    return rows
  }

  private func lost() -> AdminError {
    .connection(handle?.message ?? "the session is closed")
  }

  /// Blocks this session's own thread until the socket is ready.
  private static func wait(
    _ descriptor: Int32, for events: Int16, until deadline: Deadline
  ) throws(AdminError) {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    while true {
      if Task.isCancelled { throw .cancelled }
      let remaining = deadline.remaining
      if remaining <= .zero { throw .deadlineExceeded }
      // In slices, so that a cancellation is noticed.
      let slice = min(remaining, .milliseconds(50))
      let milliseconds = Int32(slice.components.attoseconds / 1_000_000_000_000_000) + 1
      let ready = unsafe poll(&entry, 1, milliseconds)
      if ready > 0 { return }
      if ready < 0 && errno != EINTR { throw .connection("poll failed, errno \(errno)") }
    }
  }
}
