internal import ArgumentParser
internal import FoundationEssentials
internal import Integrations
internal import KeyRules
internal import Logging
internal import PostgresClient
internal import Reactor

/// `integrationd check`
struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Looks at configuration, keyring, database and clock and says what is wrong.",
    discussion: """
      Exit code 0: nothing is wrong; 1: something is. Changes nothing, but starts the embedded \
      PostgreSQL for as long as it looks: stop the daemon before.
      """)

  @OptionGroup var options: DaemonOptions

  @Flag(help: "Print the report as JSON.")
  var json = false

  func run() async throws {
    try await Program.run(options) { configuration, logger in
      let report = try await Inspection(configuration: configuration, logger: logger).run()
      StandardStream.output.write(json ? try report.json() : report.text)
      if !report.isClean { throw ExitCode(ExitStatus.findings.rawValue) }
    }
  }
}
