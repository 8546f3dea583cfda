internal import ArgumentParser

/// `integrationd serve`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves on the socket until told to stop.",
    discussion: """
      The first line on standard output is `ready socket=PATH`. SIGTERM and SIGINT finish what runs \
      (at most 10 seconds) and end; a second one ends at once. SIGHUP reads the access policy again.
      """)

  @OptionGroup var options: DaemonOptions

  func run() async throws {
    try await Program.run(options) { configuration, logger in
      try await Daemon(configuration: configuration, logger: logger).run()
    }
  }
}
