import Glibc
import Reactor
import Testing

@Suite struct SignalWatchTests {
  @Test("a signal reaches the loop, is one watcher's at a time, and is given back")
  func watch() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<Signal>()
      let watch = try await loop.run {
        try SignalWatch([.user1, .hangup], on: loop) { log.add($0) }
      }
      let busy = await #expect(throws: SystemError.self) {
        try await loop.run { () async throws(SystemError) in
          _ = try SignalWatch([.quit, .user1], on: loop) { _ in }
        }
      }
      #expect(busy?.errno == EBUSY)
      kill(getpid(), SIGUSR1)
      #expect(try await log.waitFor(1) == [.user1])
      kill(getpid(), SIGHUP)
      #expect(try await log.waitFor(2) == [.user1, .hangup])
      await loop.run {
        watch.cancel()
        watch.cancel()
      }
      var action = sigaction()
      #expect(sigaction(SIGUSR1, nil, &action) == 0)
      #expect(action.__sigaction_handler.sa_handler == nil)
      let again = try await loop.run { try SignalWatch([.user1], on: loop) { log.add($0) } }
      kill(getpid(), SIGUSR1)
      try await log.waitFor(3)
      await loop.run { again.cancel() }
    }
  }

  @Test("signals come as a sequence, and stop with its reader")
  func sequence() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<Signal>()
      let stream = try await SignalWatch.sequence(of: [.user2], on: loop)
      let reader = Task { for await signal in stream { log.add(signal) } }
      kill(getpid(), SIGUSR2)
      #expect(try await log.waitFor(1) == [.user2])
      reader.cancel()
      await reader.value
    }
  }

  @Test("signals that nobody can catch are refused", arguments: [0, 65, SIGKILL, SIGSTOP])
  func refused(number: Int32) async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let error = await #expect(throws: SystemError.self) {
        try await loop.run { () async throws(SystemError) in
          _ = try SignalWatch([Signal(number: number)], on: loop) { _ in }
        }
      }
      #expect(error?.errno == EINVAL)
    }
  }

  @Test("a process that ignores broken pipes survives one")
  func brokenPipes() async throws {
    await #expect(processExitsWith: .exitCode(7)) {
      try Signal.ignoreBrokenPipes()
      var ends: [Int32] = [-1, -1]
      pipe(&ends)
      close(ends[0])
      guard write(ends[1], "x", 1) == -1, errno == EPIPE else { exit(1) }
      exit(7)
    }
  }

  @Test("SIGTERM ends a process in its own way")
  func terminate() async throws {
    await #expect(processExitsWith: .exitCode(7)) {
      let loop = try EventLoop(name: "test")
      let stream = try await SignalWatch.sequence(of: [.terminate, .interrupt], on: loop)
      kill(getpid(), SIGTERM)
      for await signal in stream where signal == .terminate { exit(7) }
    }
  }

  @Test("signals have their names")
  func names() {
    #expect(Signal.terminate.description == "SIGTERM")
    #expect(Signal.kill.description == "SIGKILL")
    #expect(Signal(number: 99).description == "signal 99")
  }

  @Test("the limit of open files is raised as far as it goes")
  func openFiles() async throws {
    await #expect(processExitsWith: .success) {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      limit.rlim_cur = 100
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      let raised = try OpenFileLimit.raise()
      #expect(raised > 100)
      #expect(try OpenFileLimit.raise() == raised)
    }
  }
}
