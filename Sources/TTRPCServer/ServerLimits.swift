/// Every bound of a server, with its default. Each is explained in PROTOCOL.md, "Limits".
package struct ServerLimits: Sendable, Hashable {
  // MARK: Time of a call

  /// Longest a unary call may take; also what a call that names no time gets.
  package var maxUnaryTime: Duration = .seconds(30)
  /// Longest a streaming call may take. Nil: until the client goes away.
  package var maxStreamTime: Duration? = nil

  // MARK: One connection

  /// Handlers that run at the same time on one connection. Above it requests wait unread.
  package var maxRunningHandlers = 128
  /// Streaming calls open at the same time on one connection; below ``maxRunningHandlers``, so
  /// that streams cannot keep unary calls out. Above it: RESOURCE_EXHAUSTED.
  package var maxOpenStreams = 64
  /// Answers waiting for the client, in bytes, above which the connection is not read.
  package var outboundMark = 8 << 20
  /// Answers waiting for the client, in bytes, above which the connection is closed.
  package var outboundCeiling = 64 << 20
  /// Bytes of a stream's responses waiting for the client above which its handler waits.
  package var streamOutboundMark = 256 << 10
  /// Messages of one stream waiting for its handler at which the connection is not read (Go: 64).
  package var maxQueuedMessages = 64
  /// The same in bytes.
  package var maxQueuedBytes = 1 << 20
  /// How long the handler of a full stream may take nothing before the stream fails (Go: 1 s).
  package var streamStall: Duration = .seconds(1)
  /// From the first byte of a header to its last.
  package var headerTime: Duration = .seconds(10)
  /// Grace for the data of a frame, on top of what ``minBytesPerSecond`` allows.
  package var bodyGrace: Duration = .seconds(10)
  /// Slowest a client may send the data of a frame.
  package var minBytesPerSecond = 64 << 10
  /// A connection on which nothing runs and nothing arrives for this long is closed.
  package var idleTime: Duration = .seconds(300)
  /// How long a client may take none of the answers that wait for it.
  package var outboundStall: Duration = .seconds(30)
  /// How long running calls may go on after the client has closed its side, and how long a client
  /// may take none of its last answers.
  package var halfClosedTime: Duration = .seconds(5)
  /// Violations of the protocol after which a connection is closed.
  package var maxViolations = 100
  /// Pairs of metadata per request.
  package var maxMetadataEntries = 64
  /// Bytes of metadata per request.
  package var maxMetadataBytes = 16 << 10

  // MARK: All connections

  /// Connections open at the same time. Above it new ones wait to be accepted.
  package var maxConnections = 16_384
  /// Connections of one user open at the same time; further ones are closed at once.
  package var maxConnectionsPerUser = 12_288
  /// Bytes of frames that have arrived and are not acted on, most of them in part. Above it a frame
  /// is refused while it arrives. Up to 4 KiB of a connection are not counted.
  package var maxInboundBytes = 512 << 20
  /// The share of one user in ``maxInboundBytes``.
  package var maxInboundBytesPerUser = 128 << 20
  /// Bytes of answers waiting for their clients. From seven eighths of it on the connection with
  /// most is closed.
  package var maxOutboundBytes = 512 << 20

  /// The defaults.
  package init() {}

  /// Lowers the connections to what the process can have open, and the share of one user with them
  /// in proportion: a server that runs out of descriptors can neither accept nor reach its database.
  /// - Parameters:
  ///   - openFiles: descriptors that the process may have; see `OpenFileLimit`.
  ///   - reserve: those it needs for everything else. At most half of them are set aside.
  package mutating func fit(openFiles: Int, reserve: Int = 512) {
    let room = max(1, openFiles - min(reserve, openFiles / 2))
    guard room < maxConnections else { return }
    let share = Double(maxConnectionsPerUser) / Double(max(1, maxConnections))
    maxConnectionsPerUser = max(1, Int(Double(room) * min(1, share)))
    maxConnections = room
  }
}
