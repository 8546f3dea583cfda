import Reactor
import Testing

@Suite struct LoopTimerTests {
  @Test("timers run in the order of their deadlines")
  func order() async throws {
    try await World.run { (world) async throws in
      let log = Log<Int>()
      let loop = world.loop
      loop.submit {
        for delay in [5, 1, 4, 2, 3] {
          _ = loop.schedule(after: .milliseconds(delay)) { log.add(delay) }
        }
      }
      #expect(try await log.waitFor(5) == [1, 2, 3, 4, 5])
    }
  }

  @Test("of thousands of timers those left run once each, in order, and the cancelled never")
  func many() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<MonotonicInstant>()
      let expected = await loop.run {
        var random = SeededGenerator(seed: 1)
        var timers: [(LoopTimer, MonotonicInstant)] = []
        for _ in 0..<5000 {
          let instant = loop.now.advanced(
            by: .microseconds(.random(in: 0...30_000, using: &random)))
          timers.append((loop.schedule(at: instant) { log.add(instant) }, instant))
        }
        timers.shuffle(using: &random)
        for (timer, _) in timers.prefix(3000) {
          #expect(timer.isPending)
          timer.cancel()
          timer.cancel()
          #expect(!timer.isPending)
        }
        return timers.dropFirst(3000).map(\.1).sorted()
      }
      #expect(try await log.waitFor(2000) == expected)
    }
  }

  @Test("a timer without delay runs in a later turn, even if it sets itself again")
  func withoutDelay() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<MonotonicInstant>()
      @Sendable func again() {
        log.add(loop.now)
        if log.entries.count < 5 { _ = loop.schedule(after: .zero, again) }
      }
      loop.submit { _ = loop.schedule(after: .seconds(-1), again) }
      let instants = try await log.waitFor(5)
      #expect(Set(instants).count == 5)
    }
  }

  @Test("a timer may cancel another that is due with it")
  func cancelsSibling() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<Int>()
      loop.submit {
        let instant = loop.now.advanced(by: .milliseconds(1))
        var timers: [LoopTimer] = []
        for number in 0..<2 {
          timers.append(
            loop.schedule(at: instant) {
              log.add(number)
              for timer in timers { timer.cancel() }
            })
        }
      }
      try await log.waitFor(1)
      await world.turn()
      #expect(log.entries.count == 1)
    }
  }

  @Test("sleep ends early when its task is cancelled")
  func sleep() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      try await loop.sleep(for: .milliseconds(1))
      let task = Task { try await loop.sleep(for: .seconds(3600)) }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }
}
