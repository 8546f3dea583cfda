import Reactor
import Testing

/// Which task this is.
private func task() -> Int {
  unsafe withUnsafeCurrentTask { task in unsafe task?.hashValue ?? 0 }
}

private enum Context {
  @TaskLocal static var name = "none"
}

@Suite("Short work in kept tasks")
struct RunnerTests {
  @Test("work has nothing of the task that starts it, nor of the one that started the kept task")
  func inheritsNothing() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<String>()
      for name in ["first", "second"] {
        await Context.$name.withValue(name) {
          await loop.run { _ = loop.startShort { log.add(Context.name) } }
        }
      }
      #expect(log.entries == ["none", "none"])
    }
  }

  @Test("work runs at once up to its first suspension, in a task that the next work gets")
  func reuses() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<Int>()
      let order = Log<String>()
      await loop.run {
        for number in 0..<3 {
          _ = loop.startShort {
            log.add(task())
            order.add("work \(number) \(loop.isCurrent)")
          }
          order.add("returned")
        }
      }
      #expect(Set(log.entries).count == 1)
      #expect(
        order.entries == (0..<3).flatMap { ["work \($0) true", "returned"] })
    }
  }

  @Test("work started by work has a task of its own, and so has what follows work that waits")
  func nests() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<Int>()
      let gate = Completion<Void>()
      await loop.run {
        for _ in 0..<2 {
          _ = loop.startShort {
            log.add(task())
            _ = loop.startShort { log.add(task()) }
            log.add(task())
          }
        }
        _ = loop.startShort {
          log.add(task())
          try? await gate.valueUncancelled()
          log.add(task())
        }
        _ = loop.startShort { log.add(task()) }
      }
      #expect(log.entries.count == 8)
      gate.succeed(())
      let all = try await log.waitFor(9)
      let (outer, inner) = (all[0], all[1])
      #expect(outer != inner)
      #expect(Set(all) == [outer, inner])
      #expect(all[2] == outer && all[6] == all[8] && all[7] != all[6])
      for start in [0, 3] { #expect(all[start] == all[start + 2] && all[start] != all[start + 1]) }
    }
  }

  @Test("a cancellation meets the work it is meant for, and nothing that runs in its task later")
  func cancels() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<String>()
      let gate = Completion<Void>()
      await loop.run {
        let over = loop.startShort {}
        let waiting = loop.startShort {
          try? await gate.valueUncancelled()
          log.add("first cancelled \(Task.isCancelled)")
        }
        over.cancel()
        _ = loop.startShort { log.add("second cancelled \(Task.isCancelled)") }
        waiting.cancel()
      }
      gate.succeed(())
      _ = try await log.waitFor(2)
      await world.turn()
      await loop.run {
        for _ in 0..<3 {
          _ = loop.startShort { log.add("later cancelled \(Task.isCancelled)") }
        }
      }
      #expect(
        log.entries == [
          "second cancelled false", "first cancelled true", "later cancelled false",
          "later cancelled false", "later cancelled false",
        ])
    }
  }

  @Test("a thousand that wait at once all go on, and what comes after them runs")
  func many() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<Int>()
      let gates = (0..<1_000).map { _ in Completion<Void>() }
      await loop.run {
        for (number, gate) in gates.enumerated() {
          _ = loop.startShort {
            try? await gate.valueUncancelled()
            log.add(number)
          }
        }
      }
      for gate in gates { gate.succeed(()) }
      _ = try await log.waitFor(1_000)
      await world.turn()
      await loop.run { for number in 0..<100 { _ = loop.startShort { log.add(number) } } }
      #expect(log.entries.count == 1_100)
    }
  }

  @Test("a task that waits for work holds nothing of the last")
  func letsGo() async throws {
    final class Held: Sendable {}
    try await World.run { (world) async throws in
      let loop = world.loop
      weak var seen: Held?
      do {
        let held = Held()
        seen = held
        await loop.run {
          for _ in 0..<2 { _ = loop.startShort { withExtendedLifetime(held) {} } }
        }
      }
      #expect(seen == nil)
    }
  }
}
