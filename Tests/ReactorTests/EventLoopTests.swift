import Glibc
import Reactor
import Testing

@concurrent private func elsewhere() async {}

@Suite struct EventLoopTests {
  @Test("a task started on the loop runs at once up to its first suspension")
  func startsAtOnce() async throws {
    try await World.run { (world) async throws in
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

  @Test("a task started from elsewhere runs on the loop")
  func startsFromElsewhere() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<Bool>()
      await loop.start {
        log.add(loop.isCurrent)
        await elsewhere()
        log.add(EventLoop.current === loop)
      }.value
      #expect(log.entries == [true, true])
    }
  }

  @Test("who lets others have a turn goes on behind the timers and the jobs of the next one")
  func nextTurn() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<String>()
      await loop.run {
        _ = loop.schedule(after: .nanoseconds(1)) { log.add("timer") }
        loop.submit { log.add("job") }
        await loop.nextTurn()
        log.add("next turn \(loop.isCurrent)")
      }
      #expect(log.entries == ["job", "timer", "next turn true"])
      // Elsewhere there are no turns to wait for.
      await loop.nextTurn()
    }
  }

  @Test("run brings work to the loop, and its result and errors back")
  func runs() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      #expect(!loop.isCurrent)
      #expect(EventLoop.current == nil)
      #expect(await loop.run { loop.isCurrent })
      #expect(await loop.run { await loop.run { loop.isCurrent } })
      #expect(!loop.isCurrent)
      await #expect(throws: SystemError(errno: 1, operation: "x")) {
        try await loop.run { () async throws(SystemError) in
          throw SystemError(errno: 1, operation: "x")
        }
      }
    }
  }

  @Test("work submitted by many threads is run once each, in the order of each sender")
  func submits() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<(sender: Int, number: Int)>()
      await withTaskGroup { group in
        for sender in 0..<4 {
          group.addTask {
            for number in 0..<2000 { loop.submit { log.add((sender, number)) } }
          }
        }
      }
      let entries = try await log.waitFor(8000)
      #expect(entries.count == 8000)
      for sender in 0..<4 {
        #expect(entries.filter { $0.sender == sender }.map(\.number) == Array(0..<2000))
      }
    }
  }

  @Test("end-of-turn hooks run after the jobs of the turn, and those they add in the same turn")
  func hooks() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<String>()
      loop.submit {
        let start = loop.now
        loop.atEndOfTurn {
          log.add("hook")
          loop.atEndOfTurn { log.add("hook of hook, same turn: \(loop.now == start)") }
        }
        loop.submit { log.add("job") }
      }
      try await log.waitFor(3)
      #expect(log.entries == ["job", "hook", "hook of hook, same turn: true"])
    }
  }

  @Test("hooks that always add hooks do not stop the loop")
  func endlessHooks() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let rounds = Guarded(0)
      let done = Completion<Void>()
      @Sendable func again() {
        let count = rounds.withLock { count in
          count += 1
          return count
        }
        if count < 100 { loop.atEndOfTurn(again) } else { done.succeed(()) }
      }
      loop.submit { loop.atEndOfTurn(again) }
      try await done.value()
      #expect(rounds.withLock { $0 } == 100)
    }
  }

  @Test("tasks that never rest leave room for sockets and timers")
  func fairness() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let (near, far) = try await world.pair()
      let log = Log<String>()
      let isOver = Guarded(false)
      let restless = (0..<3).map { _ in
        loop.start { while !isOver.withLock({ $0 }) { await Task.yield() } }
      }
      try await loop.run {
        try far.start(Recorder(log))
        _ = loop.schedule(after: .milliseconds(1)) {
          near.withOutput { $0 += Array("hello".utf8) }
          near.flush()
        }
      }
      try await log.waitFor(1)
      isOver.withLock { $0 = true }
      for task in restless { await task.value }
      #expect(log.entries == ["hello"])
      await loop.run { near.close() }
    }
  }

  @Test("the time stands still during a turn, and goes on in the next")
  func time() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let (first, second, later) = await loop.run {
        let first = loop.now
        while MonotonicInstant.now() <= first {}
        let second = loop.now
        await loop.run { try? await loop.sleep(for: .milliseconds(1)) }
        return (first, second, loop.now)
      }
      #expect(first == second)
      #expect(later > first)
      #expect(loop.now >= later)
    }
  }

  @Test("a loop that is shut down lets the tasks that prefer it end elsewhere")
  func shutdown() async throws {
    let loop = try EventLoop(name: "a name longer than fifteen bytes")
    let started = Completion<Void>()
    let gate = Completion<Void>()
    let task = Task(executorPreference: loop) {
      started.succeed(())
      try await gate.value()
      await Task.yield()
      return loop.isCurrent
    }
    try await started.value()
    await loop.shutdown()
    await loop.shutdown()
    loop.submit { Issue.record("the loop is over") }
    gate.succeed(())
    #expect(try await task.value == false)
  }

  @Test("a task on the loop may shut it down")
  func shutdownFromWithin() async throws {
    let loop = try EventLoop(name: "test")
    await loop.start { await loop.shutdown() }.value
    #expect(!loop.isCurrent)
  }

  @Test("a group hands out its loops in turn")
  func group() async throws {
    let group = try EventLoopGroup(count: 3, name: "test")
    let four = (0..<4).map { _ in group.next() }
    #expect(four[0] === group.loops[0])
    #expect(four[2] === group.loops[2])
    #expect(four[3] === four[0])
    await group.shutdown()
    let byCores = try EventLoopGroup(name: "test")
    #expect(byCores.loops.count >= 1)
    await byCores.shutdown()
  }
}
