internal import Reactor

/// Works on several requests of a stream at a time and answers them in their order.
///
/// At most `window` are at work or wait to be written; then no other is read. An answer is written
/// as soon as it and all before it are there, whether or not the next request has come.
struct OrderedAnswers<Answer: Sendable>: Sendable {
  private let window: Int

  init(window: Int) { self.window = window }

  /// Takes the work of one request after the other.
  struct Inlet: Sendable {
    fileprivate let slots: AsyncStream<Void>
    fileprivate let queue: AsyncStream<Completion<Answer>>.Continuation
    fileprivate let start: @Sendable (@escaping @Sendable () async -> Void) -> Void

    /// Starts work on the next request, when there is a free place.
    func add(_ work: @escaping @Sendable () async -> Answer) async {
      var iterator = slots.makeAsyncIterator()
      guard await iterator.next() != nil else { return }
      let answer = Completion<Answer>()
      queue.yield(answer)
      start { answer.succeed(await work()) }
    }
  }

  /// Runs `read`, which adds work until the stream of requests ends, and hands every answer to
  /// `write`. Returns when all are written; what either throws ends the other.
  func run(
    read: @escaping @Sendable (Inlet) async throws -> Void,
    write: @escaping @Sendable (Answer) async throws -> Void
  ) async throws {
    let (slots, free) = AsyncStream.makeStream(of: Void.self)
    let (queue, queued) = AsyncStream.makeStream(of: Completion<Answer>.self)
    let (works, starting) = AsyncStream.makeStream(
      of: (@Sendable () async -> Void).self)
    for _ in 0..<window { free.yield(()) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer {
          queued.finish()
          starting.finish()
        }
        try await read(Inlet(slots: slots, queue: queued, start: { starting.yield($0) }))
      }
      group.addTask {
        for await answer in queue {
          try await write(try await answer.value())
          free.yield(())
        }
      }
      group.addTask {
        await withDiscardingTaskGroup { workers in
          for await work in works { workers.addTask { await work() } }
        }
      }
      while try await group.next() != nil {}
    }
  }
}
