internal import ArgumentParser
internal import Integrations

/// The program.
@main
struct Integrationd: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "integrationd",
    abstract: "Serves API keys and integrations to the programs of this host.",
    discussion: """
      Without arguments it serves on a socket of its own with an embedded PostgreSQL. Every option \
      can also be given as INTEGRATIOND_* in the environment or in a configuration file.

      Exit codes: 0 done, 1 check found something, 64 wrong arguments, 69 database not available, \
      70 fault of the daemon, 71 the system refused something, 73 socket or state directory not \
      available, 78 wrong configuration.
      """,
    version: DaemonVersion.current,
    subcommands: [Serve.self, Migrate.self, Check.self, KeyringCommand.self],
    defaultSubcommand: Serve.self)
}
