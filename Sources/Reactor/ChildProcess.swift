internal import CEpoll
internal import Glibc
internal import Synchronization

/// A program that we started and whose end we await. Standard input is /dev/null, every other
/// descriptor of ours is closed in it, signals have their default actions, and it leads a process
/// group of its own, so that a Ctrl-C meant for us does not reach it.
// SAFETY: `outputs`, `pidfd` and `watch` belong to the loop's thread; the rest is immutable or
// behind `state`.
package final class ChildProcess: @unchecked Sendable {
  /// What to run.
  package struct Configuration: Sendable {
    /// A path, or a name looked up in `PATH` of this process.
    package var executable: String
    /// Without the program's own name, which is `executable`.
    package var arguments: [String]
    /// The whole environment; nil: ours.
    package var environment: [String: String]?
    package var workingDirectory: String?
    package var standardOutput: Output
    package var standardError: Output

    package init(
      _ executable: String, _ arguments: [String] = [], environment: [String: String]? = nil,
      workingDirectory: String? = nil, standardOutput: Output = .capture(maxBytes: 64 * 1024),
      standardError: Output = .capture(maxBytes: 64 * 1024)
    ) {
      self.executable = executable
      self.arguments = arguments
      self.environment = environment
      self.workingDirectory = workingDirectory
      self.standardOutput = standardOutput
      self.standardError = standardError
    }
  }

  /// Where output goes.
  package enum Output: Sendable {
    case discard
    /// To us; of more than `maxBytes` the last ones are kept.
    case capture(maxBytes: Int)
    /// Appended to a file, created with mode 0600.
    case file(String)
    /// To where ours goes.
    case inherit
  }

  /// How it ended, and what it said.
  package struct Exit: Hashable, Sendable {
    package let reason: Reason
    /// The captured standard output.
    package let output: [UInt8]
    /// The captured standard error.
    package let errors: [UInt8]

    package var isSuccess: Bool { reason == .exited(code: 0) }
    package var outputText: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errors, as: UTF8.self) }
  }

  package enum Reason: Hashable, Sendable {
    case exited(code: Int32)
    case killed(Signal)
  }

  private enum State {
    case running([Completion<Exit>])
    case ended(Exit)
  }

  package let processID: Int32
  private let loop: EventLoop
  private let state = Mutex(State.running([]))
  private let pidfd: Int32
  private var watch: Watch?
  private let output: ChildOutput?
  private let errors: ChildOutput?

  /// Starts a program. Only on the loop, which it holds up until the program is loaded (vfork).
  /// - Throws: `ENOENT` when there is no such program, `EACCES` when it may not be run.
  package static func spawn(
    _ configuration: Configuration, on loop: EventLoop
  ) throws(SystemError) -> ChildProcess {
    loop.expectCurrent()
    return try ChildProcess(configuration, loop)
  }

  /// Runs a program to its end.
  /// - Throws: ``DeadlineExceeded`` or `CancellationError`, after the program was killed; or why it
  ///   was not started.
  package static func run(
    _ configuration: Configuration, on loop: EventLoop, deadline: Deadline
  ) async throws -> Exit {
    let child = try await loop.run { () async throws(SystemError) in
      try spawn(configuration, on: loop)
    }
    do {
      return try await child.exit(by: deadline)
    } catch {
      child.signal(.kill)
      throw error
    }
  }

  /// Waits for the end; any number of tasks may.
  /// - Throws: ``DeadlineExceeded`` or `CancellationError`; the program runs on.
  package func exit(by deadline: Deadline = .never) async throws -> Exit {
    let completion = Completion<Exit>()
    state.withLock { state in
      switch state {
      case .running(var waiting):
        waiting.removeAll { $0.isComplete }
        waiting.append(completion)
        state = .running(waiting)
      case .ended(let exit):
        completion.succeed(exit)
      }
    }
    return try await completion.value(by: deadline, on: loop)
  }

  /// Whether it has not ended, as far as we know.
  package var isRunning: Bool {
    state.withLock { state in
      if case .running = state { true } else { false }
    }
  }

  /// Sends it a signal. False when it has ended; never hits another process, whose number it may
  /// have by then (`pidfd_send_signal(2)`).
  @discardableResult
  package func signal(_ signal: Signal) -> Bool {
    state.withLock { state in
      guard case .running = state else { return false }
      return pidfd_send_signal(pidfd, signal.number, nil, 0) == 0
    }
  }

  private init(_ configuration: Configuration, _ loop: EventLoop) throws(SystemError) {
    self.loop = loop
    let launch = try ChildLaunch(configuration)
    processID = try launch.spawn(configuration)
    let pidfd = pidfd_open(processID, 0)
    guard pidfd >= 0 else {
      let error = SystemError.last("pidfd_open")
      // Unreaped, so the number is its own.
      _ = Glibc.kill(processID, SIGKILL)
      _ = waitpid(processID, nil, 0)
      throw error
    }
    self.pidfd = pidfd
    (output, errors) = try launch.takeCaptures(on: loop)
    watch = try loop.watch(descriptor: pidfd, for: .read) { _ in self.reap() }
  }

  deinit {
    _ = Glibc.close(pidfd)
  }

  private func reap() {
    var status: Int32 = 0
    guard unsafe waitpid(processID, &status, WNOHANG) == processID else { return }
    watch?.cancel()
    watch = nil
    let signal = cepoll_ending_signal(status)
    let exit = Exit(
      reason: signal == 0
        ? .exited(code: cepoll_exit_code(status)) : .killed(Signal(number: signal)),
      output: output?.finish() ?? [], errors: errors?.finish() ?? [])
    let waiting = state.withLock { state -> [Completion<Exit>] in
      guard case .running(let waiting) = state else { return [] }
      state = .ended(exit)
      return waiting
    }
    for completion in waiting { completion.succeed(exit) }
  }
}
