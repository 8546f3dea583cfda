internal import ArgumentParser
internal import FoundationEssentials
internal import Integrations
internal import KeyRules
internal import Logging
internal import PostgresClient
internal import Reactor

/// What every command does around its own work.
enum Program {
  /// Reads the configuration, sets up logging, runs `body`, and turns errors into a sentence on
  /// standard error and an exit code.
  static func run(
    _ options: DaemonOptions, _ body: (Configuration, Logger) async throws -> Void
  ) async throws {
    do {
      let configuration = try Configuration(
        options, environment: ProcessInfo.processInfo.environment, uid: Accounts.effectiveUserID)
      let level = configuration.logLevel
      LoggingSystem.bootstrap { label in
        LogfmtHandler(label: label, level: level) { StandardStream.error.write($0) }
      }
      let logger = Logger(label: "integrationd")
      for remark in configuration.remarks { logger.warning("\(remark)") }
      try await body(configuration, logger)
    } catch let exit as ExitCode {
      throw exit
    } catch {
      let (status, sentence) = explain(error)
      StandardStream.error.write("integrationd: \(SecretScrubber.scrub(sentence))\n")
      throw ExitCode(status.rawValue)
    }
  }

  private static func explain(_ error: any Error) -> (ExitStatus, String) {
    switch error {
    case let error as DaemonFailure: (error.status, error.description)
    case let error as ConfigurationError: (.configuration, error.description)
    case let error as KeyringError: (.configuration, error.description)
    case let error as ListenError: (.cannotCreate, error.description)
    case let error as EmbeddedClusterError: (.unavailable, error.description)
    case let error as AdminError: (.unavailable, error.description)
    case let error as DatabaseError: (.unavailable, error.debugDescription)
    case let error as SystemError: (.system, error.description)
    case is CancellationError: (.software, "stopped before it was ready")
    default: (.software, "\(error)")
    }
  }
}
