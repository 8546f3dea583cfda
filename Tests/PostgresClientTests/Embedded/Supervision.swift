import PostgresClient

/// Runs `body` while the cluster is looked after.
func withSupervision(
  of cluster: EmbeddedCluster, _ body: () async throws -> Void
) async throws {
  try await withThrowingTaskGroup { group in
    group.addTask { await cluster.run() }
    try await body()
    group.cancelAll()
    try await group.waitForAll()
  }
}

/// Waits until a condition holds that nothing signals. Ends with the test's own time limit.
func eventually(_ condition: () async throws -> Bool) async throws {
  while try await !condition() { try await Task.sleep(for: .milliseconds(5)) }
}
