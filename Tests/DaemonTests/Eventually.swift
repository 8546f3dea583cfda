import Reactor

/// Tries until something holds that another process brings about in its own time.
/// - Throws: ``DeadlineExceeded`` after two minutes, or what `condition` throws.
func eventually(_ condition: () async throws -> Bool) async throws {
  let deadline = Deadline.within(.seconds(120))
  while try await !condition() {
    if deadline.hasPassed { throw DeadlineExceeded() }
    try await Task.sleep(for: .milliseconds(10))
  }
}
