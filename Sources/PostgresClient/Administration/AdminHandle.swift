internal import CLibpq

/// Owns one `PGconn`; ends it with `PQfinish`.
@safe
struct AdminHandle: ~Copyable {
  let raw: OpaquePointer

  /// Begins to connect; the connection is driven further by `PQconnectPoll`.
  /// Nil only when libpq is out of memory.
  init?(keywords: [(name: String, value: String)]) {
    let names = CStrings(keywords.map(\.name))
    let values = CStrings(keywords.map(\.value))
    guard let raw = unsafe PQconnectStartParams(names.pointers, values.pointers, 0) else {
      return nil
    }
    unsafe self.raw = raw
    // Otherwise libpq prints notices on the daemon's standard error.
    unsafe PQsetNoticeReceiver(raw, { _, _ in }, nil)
  }

  deinit { unsafe PQfinish(raw) }

  /// What libpq last had to say, in one line.
  var message: String {
    guard let text = unsafe PQerrorMessage(raw) else { return "no reason given" }
    let lines = unsafe String(cString: text).split(whereSeparator: \.isNewline)
    return lines.isEmpty ? "no reason given" : lines.joined(separator: "; ")
  }
}
