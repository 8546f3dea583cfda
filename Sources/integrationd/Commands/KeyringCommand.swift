internal import ArgumentParser
internal import KeyRules
internal import Logging
internal import Reactor

/// `integrationd keyring ...`
struct KeyringCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keyring",
    abstract: "Makes and changes the file with the keys that protect stored secrets.",
    discussion: """
      A daemon reads the file when it starts. To change to a new key: add it, bring the file to \
      every daemon and restart them, then promote it, bring the file to every daemon and restart \
      them again. In between, all daemons read what any of them writes.
      """,
    subcommands: [Initialise.self, List.self, Add.self, Promote.self])

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
        try KeyringStore(path: configuration.keyring).create()
        StandardStream.output.write("made \(configuration.keyring); back it up\n")
      }
    }
  }

  /// `integrationd keyring list`
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows purpose, version and fingerprint of each key, and which is primary.",
      discussion: "Fingerprints tell whether two daemons have the same keys, and nothing else.")

    @OptionGroup var options: DaemonOptions

    func run() async throws {
      try await Program.run(options) { configuration, _ in
        let keyring = try KeyringStore(path: configuration.keyring).load()
        for key in keyring.fingerprints.sorted(by: { $0.purpose.rawValue < $1.purpose.rawValue }) {
          let mark = keyring.primaryFingerprints.contains(key) ? "  primary" : ""
          StandardStream.output.write(
            "\(key.purpose.rawValue)  \(key.version)  \(key.text)\(mark)\n")
        }
      }
    }
  }

  /// `integrationd keyring add`
  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Adds a new key that is not primary: it only reads what others write with it.")

    @OptionGroup var options: DaemonOptions
    @Option(help: "What the key is for.") var purpose: KeyPurpose

    func run() async throws {
      try await Program.run(options) { configuration, _ in
        let version = try KeyringStore(path: configuration.keyring).change {
          document throws(KeyringError) in try document.add(purpose)
        }
        StandardStream.output.write(
          """
          added \(purpose.rawValue) \(version) to \(configuration.keyring); back it up, bring it to \
          every daemon and restart them, then: integrationd keyring promote --purpose \
          \(purpose.rawValue) --version \(version)

          """)
      }
    }
  }

  /// `integrationd keyring promote`
  struct Promote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a key primary: new data is stored with it.",
      discussion: """
        Only when every daemon on the database has been restarted with a file that holds the key. \
        The old key stays, for what was stored with it. Promoting the old one again goes back.
        """)

    @OptionGroup var options: DaemonOptions
    @Option(help: "What the key is for.") var purpose: KeyPurpose
    @Option(help: "Which of the keys.") var version: Int32

    func run() async throws {
      try await Program.run(options) { configuration, _ in
        try KeyringStore(path: configuration.keyring).change {
          document throws(KeyringError) in try document.promote(purpose, version: version)
        }
        StandardStream.output.write(
          """
          \(purpose.rawValue) \(version) is primary in \(configuration.keyring); bring it to every \
          daemon and restart them

          """)
      }
    }
  }
}

extension KeyPurpose: ExpressibleByArgument {}
