/// What is signed: a few words, each followed by a dot, and the body. Kept in two parts so that the
/// body is not copied.
struct SignedContent {
  let head: [UInt8]
  let body: [UInt8]

  /// `id.timestamp.body`, of Standard Webhooks.
  init(id: String, timestamp: String, body: [UInt8]) {
    head = Array("\(id).\(timestamp).".utf8)
    self.body = body
  }

  /// `timestamp.body`.
  init(timestamp: String, body: [UInt8]) {
    head = Array("\(timestamp).".utf8)
    self.body = body
  }

  /// Both parts in one piece.
  var joined: [UInt8] { head + body }
}
