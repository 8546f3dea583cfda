import ArgumentParser

/// The command line of integrationd: nouns and verbs for people, `call` for everything else.
@main
struct Integrationctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "integrationctl",
    abstract: "Talk to integrationd over its Unix socket.",
    discussion: """
      Every command takes --json, which prints the answer as proto3 JSON. Lists print the token of \
      their next page, or follow all pages with --all.

      Exit status: 0 done, 1 a key was refused (keys verify), the daemon is unhealthy (health), a \
      receiver did not take a test (webhooks test) or an event was refused (events publish \
      --stream), 64 wrong usage, 65 the daemon refused an argument, 66 not found, 69 the daemon or \
      its database cannot be reached, 70 a fault of the daemon, 73 it exists already or its place \
      is taken, 74 the answer cannot be printed, 75 try again later, 77 permission denied, 78 the \
      state does not allow it.

      Shell completion: integrationctl --generate-completion-script bash|zsh|fish
      """,
    version: Version.text,
    subcommands: [
      Tenants.self, Keys.self, Webhooks.self, EventTypes.self, Events.self, Deliveries.self,
      Health.self, Call.self, Services.self, Describe.self,
    ]
  )

  @OptionGroup var connection: ConnectionOptions
}
