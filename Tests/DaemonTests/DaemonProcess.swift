import FoundationEssentials
import IntegrationClient
import Reactor
import TestSupport

/// The real program, running.
final class DaemonProcess: Sendable {
  let socket: String
  let client: IntegrationClient
  private let child: ChildProcess
  private let home: DaemonHome
  private let number: Int

  init(_ child: ChildProcess, socket: String, home: DaemonHome, number: Int) {
    self.child = child
    self.socket = socket
    self.home = home
    self.number = number
    client = IntegrationClient(socket: socket)
  }

  /// Waits until it answers.
  func untilReady() async throws {
    let patient = CallOptions(timeout: .seconds(120), whenUnreachable: .wait)
    let client = client
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        _ = try await client.grpcHealth.check(HealthCheckRequest(), options: patient)
        return true
      }
      group.addTask { [child] in
        _ = try await child.exit(by: .within(.seconds(120)))
        return false
      }
      let isReady = try await group.next() ?? false
      group.cancelAll()
      if !isReady { throw DaemonEnded(errors: errors) }
    }
  }

  func signal(_ signal: Signal) { child.signal(signal) }

  /// Waits for its end.
  @discardableResult
  func exit() async throws -> ChildProcess.Reason {
    await client.close()
    return try await child.exit(by: .within(.seconds(120))).reason
  }

  /// Ends it as an operator would.
  @discardableResult
  func stop() async throws -> ChildProcess.Reason {
    signal(.terminate)
    return try await exit()
  }

  /// What it has said on standard output and error.
  var output: String { home.text("out-\(number)") }
  var errors: String { home.text("err-\(number)") }
}

/// The program ended although it should serve.
struct DaemonEnded: Error, CustomStringConvertible {
  let errors: String
  var description: String { "the daemon ended: \(errors)" }
}

/// A directory in which daemons of one test live, and vanish with it.
final class DaemonHome: Sendable {
  let directory: ThrowAwayDirectory
  let loops: EventLoopGroup
  private let numbers = Numbers()

  init() async throws {
    loops = try EventLoopGroup(count: 1, name: "daemons")
    directory = try await ThrowAwayDirectory(on: loops.loops[0])
  }

  deinit { directory.release() }

  var path: String { directory.path }

  func text(_ name: String) -> String {
    String(
      decoding: FileManager.default.contents(atPath: "\(path)/\(name)") ?? Data(), as: UTF8.self)
  }

  /// Writes a file into the directory.
  /// - Returns: its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(text.utf8).write(to: URL(filePath: file), options: .atomic)
    return file
  }

  /// Starts a daemon.
  /// - Parameters:
  ///   - name: its state directory and socket are called so; a second one of a name finds what the
  ///     first has left.
  ///   - arguments: besides `--state-dir` and `--socket`.
  func start(
    _ arguments: [String] = [], name: String = "a", socket: String? = nil
  ) async throws -> DaemonProcess {
    let number = numbers.next()
    let socket = socket ?? "\(path)/\(name).sock"
    let child = try await spawn(
      ["serve", "--state-dir", "\(path)/\(name)", "--socket", socket] + arguments,
      standardOutput: .file("\(path)/out-\(number)"), standardError: .file("\(path)/err-\(number)"))
    return DaemonProcess(child, socket: socket, home: self, number: number)
  }

  /// Runs a program of the package to its end.
  func run(
    _ arguments: [String], environment: [String: String] = [:], program: String = "integrationd",
    standardOutput: ChildProcess.Output = .capture(maxBytes: 1 << 20)
  ) async throws -> ChildProcess.Exit {
    let child = try await spawn(
      arguments, program: program, environment: environment, standardOutput: standardOutput,
      standardError: .capture(maxBytes: 1 << 20))
    do {
      return try await child.exit(by: .within(.seconds(120)))
    } catch {
      child.signal(.kill)
      throw error
    }
  }

  private func spawn(
    _ arguments: [String], program: String = "integrationd", environment: [String: String] = [:],
    standardOutput: ChildProcess.Output, standardError: ChildProcess.Output
  ) async throws -> ChildProcess {
    var variables = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("INTEGRATIOND_")
    }
    // Each process writes a coverage profile of its own.
    if let profile = variables["LLVM_PROFILE_FILE"], !profile.contains("%p") {
      variables["LLVM_PROFILE_FILE"] = profile.replacing(".profraw", with: ".%p.profraw")
    }
    variables.merge(environment) { _, new in new }
    let configuration = ChildProcess.Configuration(
      try Self.path(of: program), arguments, environment: variables, workingDirectory: path,
      standardOutput: standardOutput, standardError: standardError)
    let loop = loops.loops[0]
    return try await loop.run { try ChildProcess.spawn(configuration, on: loop) }
  }

  /// A program built along with these tests.
  private static func path(of program: String) throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return tests.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/\(program)"
  }
}
