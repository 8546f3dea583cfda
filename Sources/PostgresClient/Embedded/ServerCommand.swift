internal import Reactor

/// A program of PostgreSQL's to run, with a small clean environment and, when asked for, as another
/// user.
struct ServerCommand: Sendable {
  let program: String
  let arguments: [String]
  /// Runs the program as this user; nil: as ourselves. Only root can set another.
  let user: SystemUser?

  /// How much of what a program prints is kept for an error.
  private static let outputLimitBytes = 16_384

  init(_ program: String, _ arguments: [String], as user: SystemUser? = nil) {
    self.program = program
    self.arguments = arguments
    self.user = user
  }

  /// Starts the program, its output appended to a file.
  func start(log path: String, on loop: EventLoop) async throws(EmbeddedClusterError)
    -> ChildProcess
  {
    var configuration = configuration
    configuration.standardOutput = .file(path)
    configuration.standardError = .file(path)
    let prepared = configuration
    do throws(SystemError) {
      return try await loop.run { () async throws(SystemError) in
        try ChildProcess.spawn(prepared, on: loop)
      }
    } catch {
      throw .system(error)
    }
  }

  /// Runs the program to its end; ends it when the deadline passes or the task is cancelled.
  /// - Throws: ``EmbeddedClusterError/programFailed(program:output:)`` unless it exits with 0.
  @discardableResult
  func run(on loop: EventLoop, deadline: Deadline) async throws(EmbeddedClusterError) -> String {
    let exit: ChildProcess.Exit
    do {
      exit = try await ChildProcess.run(configuration, on: loop, deadline: deadline)
    } catch is DeadlineExceeded {
      throw .programFailed(program: program, output: "it took too long and was ended")
    } catch let error as SystemError {
      throw .system(error)
    } catch {
      throw .cancelled
    }
    guard exit.isSuccess else {
      throw .programFailed(program: program, output: exit.errorText + exit.outputText)
    }
    return exit.outputText
  }

  private var configuration: ChildProcess.Configuration {
    let line = commandLine
    return ChildProcess.Configuration(
      line[0], Array(line.dropFirst()), environment: Self.environment, workingDirectory: "/",
      standardOutput: .capture(maxBytes: Self.outputLimitBytes),
      standardError: .capture(maxBytes: Self.outputLimitBytes))
  }

  private var commandLine: [String] {
    guard let user else { return [program] + arguments }
    // setpriv, of the essential util-linux, changes user and groups without a shell or PAM.
    return [
      "setpriv", "--reuid=\(user.uid)", "--regid=\(user.gid)", "--init-groups", "--", program,
    ] + arguments
  }

  /// `PG*` variables of ours must not configure the server, and its messages are to be English.
  private static let environment = [
    "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC",
  ]
}
