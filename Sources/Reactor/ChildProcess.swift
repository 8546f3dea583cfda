internal import CEpoll
internal import Glibc

/// A program that we started and whose end we await. Standard input is /dev/null, every other
/// descriptor of ours is closed in it, signals have their default actions, and it leads a process
/// group of its own, so that a Ctrl-C meant for us does not reach it.
// SAFETY: `outputs`, `pidfd` and `watch` belong to the loop's thread; the rest is immutable or
// behind `state`.
package final class ChildProcess: WatchOwner, @unchecked Sendable {
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
    /// Other code of this process took its exit code, with `waitpid(-1)`.
    case unknown
  }

  private enum State {
    case running([Completion<Exit>])
    case ended(Result<Exit, SystemError>)
  }

  package let processID: Int32
  private let loop: EventLoop
  private let state = Guarded(State.running([]))
  private let pidfd: Descriptor
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
  /// - Throws: ``DeadlineExceeded`` or `CancellationError`, after the program was killed and is gone;
  ///   or why it was not started.
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
      await child.endUncancelled()
      throw error
    }
  }

  /// Waits for the end; any number of tasks may.
  /// - Throws: ``DeadlineExceeded`` or `CancellationError`, and the program runs on; `ECANCELED` if
  ///   the loop has ended.
  package func exit(by deadline: Deadline = .never) async throws -> Exit {
    try await completion().value(by: deadline, on: loop)
  }

  private func endUncancelled() async {
    // How it ended is not asked here, only that it did.
    _ = try? await completion().valueUncancelled()
  }

  private func completion() -> Completion<Exit> {
    let completion = Completion<Exit>()
    state.withLock { state in
      switch state {
      case .running(var waiting):
        waiting.removeAll { $0.isComplete }
        waiting.append(completion)
        state = .running(waiting)
      case .ended(let result):
        completion.complete(result.mapError { $0 })
      }
    }
    return completion
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
      return cepoll_signal_process(pidfd.raw, signal.number) == 0
    }
  }

  private init(_ configuration: Configuration, _ loop: EventLoop) throws(SystemError) {
    self.loop = loop
    let launch = try ChildLaunch(configuration)
    processID = try launch.spawn(configuration)
    do throws(SystemError) {
      pidfd = try Descriptor(checking: cepoll_open_process(processID), "pidfd_open")
      (output, errors) = try launch.takeCaptures(on: loop)
      watch = try loop.watch(descriptor: pidfd.raw, for: .read) { _ in self.reap() }
      watch?.owner = self
    } catch {
      // Not reaped, so the number is its own.
      _ = Glibc.kill(processID, SIGKILL)
      _ = waitpid(processID, nil, 0)
      throw error
    }
  }

  private func reap() {
    guard let reason = takeReason() else { return }
    watch?.cancel()
    watch = nil
    end(
      .success(
        Exit(reason: reason, output: output?.finish() ?? [], errors: errors?.finish() ?? [])))
  }

  func loopEnds() {
    end(.failure(SystemError(errno: ECANCELED, operation: "await a child on a loop that ends")))
  }

  private func end(_ result: Result<Exit, SystemError>) {
    let waiting = state.withLock { state -> [Completion<Exit>] in
      guard case .running(let waiting) = state else { return [] }
      state = .ended(result)
      return waiting
    }
    for completion in waiting { completion.complete(result.mapError { $0 }) }
  }

  /// Takes the end from the kernel; nil: not yet.
  private func takeReason() -> Reason? {
    var status: Int32 = 0
    switch unsafe waitpid(processID, &status, WNOHANG) {
    case processID: break
    case -1 where errno == ECHILD: return .unknown
    default: return nil
    }
    let signal = cepoll_ending_signal(status)
    return signal == 0
      ? .exited(code: cepoll_exit_code(status)) : .killed(Signal(number: signal))
  }
}
