import Glibc
import Reactor
import Testing

@Suite struct ChildProcessTests {
  private let minute = Duration.seconds(60)

  @Test("a program's output, errors and code are brought back")
  func runs() async throws {
    try await World.run { (world) async throws in
      let exit = try await ChildProcess.run(
        .init(
          "sh", ["-c", "echo out; echo err >&2; pwd; echo $X; exit 3"], environment: ["X": "y"],
          workingDirectory: "/usr"),
        on: world.loop, deadline: .within(minute))
      #expect(exit.reason == .exited(code: 3))
      #expect(!exit.isSuccess)
      #expect(exit.outputText == "out\n/usr\ny\n")
      #expect(exit.errorText == "err\n")
    }
  }

  @Test("a program inherits our environment, reads nothing and leads its own process group")
  func surroundings() async throws {
    try await World.run { (world) async throws in
      let exit = try await ChildProcess.run(
        .init("sh", ["-c", "cat; echo $PATH; exec cut -d' ' -f1,5 /proc/self/stat"]),
        on: world.loop, deadline: .within(minute))
      let lines = exit.outputText.split(separator: "\n")
      #expect(lines.first.map(String.init) == getenv("PATH").map { String(cString: $0) })
      let numbers = lines.last?.split(separator: " ") ?? []
      #expect(numbers.count == 2 && numbers[0] == numbers[1])
      #expect(exit.isSuccess)
    }
  }

  @Test("none of our other descriptors are open in a program")
  func descriptors() async throws {
    try await World.run { (world) async throws in
      // Without close-on-exec, as a careless library would leave it.
      let careless = dup(0)
      defer { close(careless) }
      let exit = try await ChildProcess.run(
        .init("ls", ["/proc/self/fd"]), on: world.loop, deadline: .within(minute))
      #expect(exit.outputText == "0\n1\n2\n3\n")
    }
  }

  @Test("of long output the end is kept")
  func longOutput() async throws {
    try await World.run { (world) async throws in
      let exit = try await ChildProcess.run(
        .init(
          "sh", ["-c", "seq 1 200000; printf '%s' end"], standardOutput: .capture(maxBytes: 10),
          standardError: .discard),
        on: world.loop, deadline: .within(minute))
      #expect(exit.outputText == "200000\nend")
      #expect(exit.errors.isEmpty)
    }
  }

  @Test("output goes to files, nowhere, or where ours goes")
  func outputs() async throws {
    try await World.run { (world) async throws in
      try world.write("first\n", to: "log")
      let toFile = try await ChildProcess.run(
        .init(
          "sh", ["-c", "echo second; echo third >&2"], standardOutput: .file(world.path("log")),
          standardError: .file(world.path("log"))),
        on: world.loop, deadline: .within(minute))
      #expect(toFile.isSuccess && toFile.output.isEmpty)
      #expect(try world.read("log") == "first\nsecond\nthird\n")
      let elsewhere = try await ChildProcess.run(
        .init("true", standardOutput: .discard, standardError: .inherit), on: world.loop,
        deadline: .within(minute))
      #expect(elsewhere.isSuccess)
    }
  }

  @Test(
    "programs that cannot be started are errors",
    arguments: [
      (ChildProcess.Configuration("no-such-program"), ENOENT),
      (.init("/etc/passwd"), EACCES),
      (.init("true", ["a\0b"]), EINVAL),
      (.init("true", environment: ["A": "\0"]), EINVAL),
      (.init("true", workingDirectory: "/no/such/directory"), ENOENT),
      (.init("true", standardOutput: .file("/no/such/directory/file")), ENOENT),
    ])
  func refused(configuration: ChildProcess.Configuration, errno: Int32) async throws {
    try await World.run { (world) async throws in
      let error = await #expect(throws: SystemError.self) {
        _ = try await ChildProcess.run(
          configuration, on: world.loop, deadline: .within(.seconds(120)))
      }
      #expect(error?.errno == errno)
    }
  }

  @Test("a program that takes too long is killed, and so is one whose caller gave up")
  func killed() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      await #expect(throws: DeadlineExceeded.self) {
        _ = try await ChildProcess.run(
          .init("sleep", ["3600"]), on: loop, deadline: .within(.milliseconds(20)))
      }
      let task = Task {
        try await ChildProcess.run(.init("sleep", ["3600"]), on: loop, deadline: .never)
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
    }
  }

  @Test("the end of a program is told to everyone who asks, before or after it")
  func waiting() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let child = try await loop.run {
        try ChildProcess.spawn(
          .init(
            "sleep", ["3600"],
            standardOutput: .discard), on: loop)
      }
      #expect(child.isRunning)
      await #expect(throws: DeadlineExceeded.self) {
        _ = try await child.exit(by: .within(.milliseconds(1)))
      }
      async let first = child.exit()
      async let second = child.exit(by: .within(minute))
      #expect(child.signal(.terminate))
      #expect(try await first.reason == .killed(.terminate))
      #expect(try await second.reason == .killed(.terminate))
      #expect(try await child.exit().reason == .killed(.terminate))
      #expect(!child.isRunning)
      #expect(!child.signal(.kill))
    }
  }

  @Test("a grandchild that keeps our pipe open does not keep us waiting")
  func grandchild() async throws {
    try await World.run { (world) async throws in
      let exit = try await ChildProcess.run(
        .init("sh", ["-c", "sleep 3600 & echo $!"]), on: world.loop, deadline: .within(minute))
      let grandchild = try #require(Int32(exit.outputText.dropLast()))
      #expect(kill(grandchild, SIGKILL) == 0)
    }
  }

  @Test("a program that nobody waits for is reaped all the same")
  func forgotten() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let number = try await loop.run {
        try ChildProcess.spawn(.init("true"), on: loop).processID
      }
      while kill(number, 0) == 0 { await world.turn() }
    }
  }

  @Test("many programs at the same time each have their own end")
  func many() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      try await withThrowingTaskGroup(of: (Int32, ChildProcess.Exit).self) { group in
        for number in Int32(0)..<20 {
          group.addTask {
            let exit = try await ChildProcess.run(
              .init("sh", ["-c", "echo \(number); exit \(number)"]), on: loop,
              deadline: .within(.seconds(120)))
            return (number, exit)
          }
        }
        for try await (number, exit) in group {
          #expect(exit.reason == .exited(code: number))
          #expect(exit.outputText == "\(number)\n")
        }
      }
    }
  }

  @Test("a process that was started with SIGCHLD ignored learns its children's ends all the same")
  func ignoredChildren() async throws {
    await #expect(processExitsWith: .success) {
      signal(SIGCHLD, SIG_IGN)
      try await World.run { (world) async throws in
        let exit = try await ChildProcess.run(
          .init("sh", ["-c", "exit 5"]), on: world.loop, deadline: .within(.seconds(120)))
        #expect(exit.reason == .exited(code: 5))
      }
    }
  }

  @Test("where other code takes the exit code, the end is known and its reason is not")
  func stolenExitCode() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let child = try await loop.run {
        let child = try ChildProcess.spawn(.init("echo", ["x"]), on: loop)
        #expect(waitpid(child.processID, nil, 0) == child.processID)
        return child
      }
      let exit = try await child.exit()
      #expect(exit.reason == .unknown)
      #expect(exit.outputText == "x\n")
    }
  }

  @Test("who waits for a program on a loop that ends does not wait for ever")
  func loopEnds() async throws {
    let loop = try EventLoop(name: "test")
    let child = try await loop.run { try ChildProcess.spawn(.init("cat"), on: loop) }
    let sleeper = try await loop.run { try ChildProcess.spawn(.init("sleep", ["3600"]), on: loop) }
    #expect(try await child.exit().isSuccess)
    let waiting = Task { try await sleeper.exit() }
    await loop.shutdown()
    await #expect(throws: SystemError.self) { _ = try await waiting.value }
    await #expect(throws: SystemError.self) { _ = try await sleeper.exit() }
    #expect(kill(sleeper.processID, SIGKILL) == 0)
    #expect(waitpid(sleeper.processID, nil, 0) == sleeper.processID)
  }
}
