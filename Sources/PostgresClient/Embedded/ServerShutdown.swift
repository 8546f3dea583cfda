internal import Reactor

/// Ends a server: "fast" first, which ends sessions and leaves nothing to recover; "immediate" when
/// that takes too long, which costs a recovery at the next start and no data.
struct ServerShutdown {
  let server: Postmaster

  /// How long an immediate shutdown may take: the postmaster itself kills what does not end in 5 s.
  private static let immediateLimit: Duration = .seconds(15)

  /// Runs to its end in a cancelled task too.
  /// - Throws: ``EmbeddedClusterError/stopFailed(pid:)``.
  func run(within limit: Duration) async throws(EmbeddedClusterError) {
    server.shutDownFast()
    if try await hasEnded(within: limit) { return }
    server.shutDownImmediately()
    if try await hasEnded(within: Self.immediateLimit) { return }
    throw .stopFailed(pid: server.pid)
  }

  private func hasEnded(within limit: Duration) async throws(EmbeddedClusterError) -> Bool {
    try await Polling.wait(until: .within(limit), endedBy: .none) { !server.isAlive }
  }
}
