/// Runs work that has no end of its own while something else is done.
///
/// Plain task groups instead of ServiceLifecycle: its signals arrive through Dispatch and stop at
/// "graceful" and "cancel", while ours arrive on a loop and a second one must cut a drain short.
enum Background {
  private enum Ended<Result: Sendable>: Sendable {
    case work, body(Result)
  }

  typealias Work = @Sendable () async throws -> Void

  /// Runs `body`; when it is over, cancels `work` and waits until all of it has ended. Work that
  /// fails first cancels `body`, and its error is the one that is thrown.
  static func run<Result: Sendable>(
    _ work: [Work], while body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Ended<Result>.self) { group in
      for work in work {
        group.addTask {
          try await work()
          return .work
        }
      }
      group.addTask { .body(try await body()) }
      var result: Result?
      do {
        while result == nil, let ended = try await group.next() {
          if case .body(let value) = ended { result = value }
        }
      } catch {
        group.cancelAll()
        // The first error is the cause; what others say while they are cancelled is not.
        while let _ = await group.nextResult() {}
        throw error
      }
      group.cancelAll()
      while let ended = await group.nextResult() {
        // Work ends by being cancelled: its CancellationError is no failure.
        if case .failure(let error) = ended, !(error is CancellationError) { throw error }
      }
      guard let result else { throw CancellationError() }
      return result
    }
  }
}
