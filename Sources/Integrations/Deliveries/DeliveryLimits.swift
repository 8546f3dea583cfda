/// How the delivery engine works.
package struct DeliveryLimits: Sendable {
  /// How long a claim holds. An attempt that has not been settled by then is taken over.
  package var lease: Duration
  /// Attempts on their way, on one loop.
  package var room: Int
  /// Deliveries of one claim.
  package var claimSize: Int
  /// Bytes of payloads on their way on one loop, above which nothing more is claimed.
  package var payloadBytes: Int
  /// How often the database is asked for lanes with work, besides hints: what was published by others
  /// is found at the latest then.
  package var pollInterval: Duration
  /// How long attempts that are on their way may go on when the daemon stops.
  package var drainTime: Duration

  package init(
    lease: Duration = .seconds(60), room: Int = 1000, claimSize: Int = 128,
    payloadBytes: Int = 32 << 20, pollInterval: Duration = .seconds(1),
    drainTime: Duration = .seconds(8)
  ) {
    self.lease = lease
    self.room = room
    self.claimSize = claimSize
    self.payloadBytes = payloadBytes
    self.pollInterval = pollInterval
    self.drainTime = drainTime
  }

  /// What is left of a lease for settling, when an attempt has to end.
  var settlingTime: Duration { lease / 5 }
}
