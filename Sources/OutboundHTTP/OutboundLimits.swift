/// How much one ``OutboundHTTPClient`` does at a time, and keeps.
package struct OutboundLimits: Sendable, Hashable {
  /// Requests under way; more are refused.
  package var maxInFlight: Int
  /// Connections kept open when nothing is under way.
  package var maxIdleConnections: Int
  /// How long a connection may be idle and be used again. Soon after it all are closed if there was no
  /// request.
  package var idleLifetime: Duration
  /// How long an answer about a name is used again; zero: never.
  package var answerLifetime: Duration
  /// Names whose answers are kept.
  package var maxAnswers: Int

  package init(
    maxInFlight: Int = 1000, maxIdleConnections: Int = 256, idleLifetime: Duration = .seconds(60),
    answerLifetime: Duration = .seconds(10), maxAnswers: Int = 4096
  ) {
    self.maxInFlight = maxInFlight
    self.maxIdleConnections = maxIdleConnections
    self.idleLifetime = idleLifetime
    self.answerLifetime = answerLifetime
    self.maxAnswers = maxAnswers
  }
}
