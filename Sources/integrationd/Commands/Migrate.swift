internal import ArgumentParser
internal import Logging
internal import Reactor

/// `integrationd migrate`
struct Migrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Brings the schema of the database up to date and ends.")

  @OptionGroup var options: DaemonOptions

  func run() async throws {
    try await Program.run(options) { configuration, logger in
      let state = try StateDirectory(configuration.stateDirectory)
      let loops = try EventLoopGroup(count: 1, name: "loop")
      let home = try await DatabaseHome.open(configuration, loops: loops, logger: logger)
      let applied: [String]
      do {
        applied = try await SchemaKeeper(owner: home.owner, logger: logger).migrate()
      } catch {
        await home.close(logger)
        throw error
      }
      await home.close(logger)
      await loops.shutdown()
      withExtendedLifetime(state) {
        for name in applied { StandardStream.output.write("applied \(name)\n") }
        if applied.isEmpty { StandardStream.output.write("nothing to do\n") }
      }
    }
  }
}
