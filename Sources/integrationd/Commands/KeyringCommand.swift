internal import ArgumentParser
internal import KeyRules
internal import Logging
internal import Reactor

/// `integrationd keyring ...`
struct KeyringCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keyring",
    abstract: "Makes the file with the keys that protect stored secrets.",
    subcommands: [Initialise.self])

  /// `integrationd keyring init`
  struct Initialise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "init",
      abstract: "Makes a new keyring, once for a database.",
      discussion: """
        Back the file up apart from the database: without it no API key verifies and no stored \
        secret can be read. An existing file is never replaced. Every daemon on the database needs \
        the same file.
        """)

    @OptionGroup var options: DaemonOptions

    func run() async throws {
      try await Program.run(options) { configuration, _ in
        try StateDirectory.prepare(forFile: configuration.keyring)
        try KeyringFile.create(path: configuration.keyring)
        StandardStream.output.write("made \(configuration.keyring); back it up\n")
      }
    }
  }
}
