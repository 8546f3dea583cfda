import Reactor
import Testing

@Suite struct EventLoopTests {
  @Test("a task started on the loop runs at once up to its first suspension")
  func startsAtOnce() async throws {
    try await World.run { world in
      let loop = world.loop
      let log = Log<String>()
      loop.submit {
        loop.start {
          log.add("in \(loop.isCurrent)")
          await Task.yield()
          log.add("after \(loop.isCurrent)")
        }
        log.add("returned")
      }
      try await log.waitFor(3)
      #expect(log.entries == ["in true", "returned", "after true"])
    }
  }

  @Test("run brings work to the loop and its result back")
  func runs() async throws {
    try await World.run { world in
      #expect(!world.loop.isCurrent)
      let was = await world.loop.run { world.loop.isCurrent }
      #expect(was)
      #expect(!world.loop.isCurrent)
      await #expect(throws: SystemError.self) {
        try await world.loop.run { () async throws(SystemError) in
          throw SystemError(errno: 1, operation: "x")
        }
      }
    }
  }

  @Test("timers run in the order of their deadlines, and a cancelled one never")
  func timers() async throws {
    try await World.run { world in
      let log = Log<Int>()
      let loop = world.loop
      loop.submit {
        for delay in [5, 1, 4, 2, 3] {
          _ = loop.schedule(after: .milliseconds(delay)) { log.add(delay) }
        }
        loop.schedule(after: .zero) { log.add(-1) }.cancel()
      }
      try await log.waitFor(5)
      #expect(log.entries == [1, 2, 3, 4, 5])
    }
  }
}
