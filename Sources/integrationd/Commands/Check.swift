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
      Exit code 0: nothing is wrong; 1: something is. Makes and changes nothing. An embedded \
      PostgreSQL is started for as long as it is looked at: stop the daemon before. A database that \
      was named can be looked at while daemons use it.
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
