/// Where a client connects to, and its bounds.
package struct ClientConfiguration: Sendable, Hashable {
  /// Path of the server's socket.
  package var path: String
  /// Time of a unary call that names none.
  package var defaultTimeout: Duration = .seconds(30)
  /// Unary calls on the wire at the same time. Further ones wait their turn: what a server runs for
  /// one connection is bounded as well.
  package var maxInFlight = 128
  /// Unary calls that may wait for their turn or for a connection. Further ones fail with
  /// RESOURCE_EXHAUSTED.
  package var maxWaiting = 16_384
  /// Streaming calls open at the same time; each has a connection of its own.
  package var maxStreams = 64
  /// A connection without a call is closed after this time: before the server does it (300 s), so
  /// that no call meets a connection that is just being closed.
  package var idleTime: Duration = .seconds(120)
  /// Longest wait for a server whose queue of new connections is full.
  package var connectTime: Duration = .seconds(5)
  /// First pause after a failed attempt to connect; it grows by 1.6 each time, by chance a fifth
  /// more or less, so that the clients of a restarted server do not come at once.
  package var firstPause: Duration = .milliseconds(20)
  /// Longest pause between attempts.
  package var longestPause: Duration = .seconds(1)
  /// Bytes of requests waiting for the server above which unary calls wait their turn; those whose
  /// time is over by then are never sent.
  package var outboundMark = 256 << 10
  /// Bytes of requests of a stream waiting for the server above which its writer waits.
  package var streamOutboundMark = 256 << 10
  /// Messages of a response stream waiting for its consumer at which reading stops.
  package var maxQueuedMessages = 64
  /// The same in bytes.
  package var maxQueuedBytes = 1 << 20

  /// A configuration with the defaults of its properties.
  package init(path: String) {
    self.path = path
  }
}
