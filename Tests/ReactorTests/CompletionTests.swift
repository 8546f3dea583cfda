import Reactor
import Testing

@Suite struct CompletionTests {
  @Test("a result left before or after the question is the answer, and the first one counts")
  func results() async throws {
    let early = Completion<Int>()
    #expect(!early.isComplete)
    #expect(early.succeed(1))
    #expect(!early.succeed(2))
    #expect(!early.fail(CancellationError()))
    #expect(early.isComplete)
    #expect(try await early.value() == 1)
    #expect(early.isComplete)

    let late = Completion<Int>()
    async let answer = late.value()
    await Task.yield()
    late.succeed(3)
    #expect(try await answer == 3)

    let failed = Completion<Int>()
    failed.fail(TestFailure("no"))
    await #expect(throws: TestFailure.self) { try await failed.value() }
  }

  @Test("cancelling the task that waits ends the wait")
  func cancellation() async throws {
    let completion = Completion<Int>()
    let task = Task { try await completion.value() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(!completion.succeed(1))
  }

  @Test("a wait ends with its deadline, on the loop and off it", arguments: [true, false])
  func deadline(onLoop: Bool) async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let wait: @Sendable (Duration, Int?) async throws -> Int = { duration, result in
        let completion = Completion<Int>()
        if let result { loop.submit { completion.succeed(result) } }
        return try await completion.value(by: .within(duration), on: loop)
      }
      let call: @Sendable (Duration, Int?) async throws -> Int = { duration, result in
        onLoop
          ? try await loop.run { try await wait(duration, result) }
          : try await wait(duration, result)
      }
      #expect(try await call(.seconds(3600), 7) == 7)
      await #expect(throws: DeadlineExceeded.self) { _ = try await call(.milliseconds(2), nil) }
      await #expect(throws: DeadlineExceeded.self) { _ = try await call(.zero, nil) }
      let done = Completion<Int>()
      done.succeed(1)
      #expect(try await done.value(by: .within(.zero), on: loop) == 1)
      let ever = Completion<Int>()
      async let answer = ever.value(by: .never, on: loop)
      loop.submit { ever.succeed(2) }
      #expect(try await answer == 2)
    }
  }

  @Test("many results and cancellations at the same time leave every waiter with one of them")
  func race() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      for number in 0..<300 {
        let completion = Completion<Int>()
        let task = Task { try await completion.value() }
        loop.submit { completion.succeed(number) }
        task.cancel()
        do {
          #expect(try await task.value == number)
        } catch {
          #expect(error is CancellationError)
        }
      }
    }
  }
}
