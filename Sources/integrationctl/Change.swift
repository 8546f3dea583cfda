import ArgumentParser
import Foundation
import IntegrationClient
import ProtobufC

/// The option of every command that changes something.
struct IdempotencyOptions: ParsableArguments {
  @Option(
    name: .customLong("idempotency-key"),
    help: ArgumentHelp(
      "Makes repeating the command harmless for 24 hours: same key, same answer. Default: a new one, "
        + "told when it is needed.",
      valueName: "key"))
  private var key: String?

  /// An empty key would protect nobody: a script's variable was not set.
  func validate() throws {
    guard key != "" else { throw ValidationError.emptyIdempotencyKey }
  }

  /// Whether the command may be the repetition of another.
  var isGiven: Bool { key != nil }

  /// What was given, or a new one at each call.
  var keyOrNew: String { key ?? UUID().uuidString.lowercased() }

  /// A span counts from now: repeated with its key, the command would ask for something else.
  func refuseSpan(_ moment: Moment?, of option: String) throws {
    guard isGiven, case .fromNow? = moment, let time = moment?.timestamp else { return }
    throw ValidationError(
      "with --idempotency-key give the moment itself, as \(option) \(Format.rfc3339(time)): a span "
        + "counts from now, so a repeated command would ask for something else")
  }
}

extension ConnectionOptions {
  /// Makes a change under a key, so that the daemon can find out what became of it; and when even the
  /// daemon cannot, tells how to repeat it.
  /// - Parameter settled: options to repeat it with in place of those that count from now.
  func change(
    _ idempotency: IdempotencyOptions, settled: [String] = [],
    _ body: (IntegrationClient, CallOptions, _ key: String) async throws -> Void
  ) async throws {
    let key = idempotency.keyOrNew
    try await withClient {
      try await body($0, $1, key)
    } failed: { error in
      guard error.leavesOutcomeOpen else { return }
      tellRepetition(
        ["--idempotency-key", key] + settled, "whether it was done is not known: to find out")
    } unread: {
      tellRepetition(["--idempotency-key", key] + settled, "it was done: to see the answer")
    }
  }

  private func tellRepetition(_ options: [String], _ why: String) {
    // Text always has a form in JSON; and if it had none, the words would say the same.
    if json, let line = try? JSONEncoder().encode(["repeatWith": options]) {
      writeError(String(decoding: line, as: UTF8.self))
    } else {
      writeError("  \(why), repeat the command with \(options.joined(separator: " "))")
    }
  }
}

extension RPCError {
  /// Whether the call may have been carried out.
  fileprivate var leavesOutcomeOpen: Bool {
    code == .deadlineExceeded || reason == "OUTCOME_UNKNOWN" || reason == "SHUTTING_DOWN"
  }
}

extension ValidationError {
  static let emptyIdempotencyKey = ValidationError(
    "--idempotency-key must be 1 to 255 visible ASCII characters, and is empty")
}
