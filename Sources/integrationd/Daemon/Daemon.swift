internal import FoundationEssentials
internal import IntegrationAPI
internal import Integrations
internal import KeyRules
internal import Logging
internal import PostgresClient
internal import Reactor
internal import TTRPC
internal import TTRPCServer

/// The daemon from its start to its end.
struct Daemon: Sendable {
  let configuration: Configuration
  let logger: Logger

  /// Starts everything in order, serves until told to stop, and ends everything in reverse.
  func run() async throws {
    try MemoryProtection.enable()
    if !HeapMemory.giveBackLargeBlocks() {
      logger.notice("the allocator may keep the memory of large messages")
    }
    try Signal.ignoreBrokenPipes()
    let policies = PolicyLoader(path: configuration.accessPolicy)
    let access = AccessControl(policy: try policies.load(), denials: DenialLog(logger: logger))
    let state = try StateDirectory(configuration.stateDirectory)
    let loops = try EventLoopGroup(name: "loop")
    let stop = StopSwitch()
    let signals = Signals(
      stop: stop, reload: { reload(policies, access) }, logger: logger)
    let arriving = try await Signals.watch(on: loops.loops[0])
    do {
      try await Background.run([{ try await signals.obey(arriving) }]) {
        try await withDatabase(loops) { home, database in
          try await serve(home, database, access, loops, stop)
        }
      }
    } catch is Signals.Interrupted {
      logger.notice("stopped before it was ready")
    }
    await loops.shutdown()
    // Held to the very end: only now may another daemon begin.
    withExtendedLifetime(state) { logger.notice("stopped") }
  }

  private func withDatabase(
    _ loops: EventLoopGroup,
    _ body: @escaping @Sendable (DatabaseHome, Database) async throws -> Void
  ) async throws {
    let home = try await DatabaseHome.open(configuration, loops: loops, logger: logger)
    do {
      try await SchemaKeeper(owner: home.owner, logger: logger).bringUpToDate()
      let database = try Database(configuration: home.connections, loops: loops, logger: logger)
      try await Background.run([{ await home.run() }, { await database.run() }]) {
        try await body(home, database)
      }
    } catch {
      await home.close(logger)
      throw error
    }
    await home.close(logger)
  }

  private func serve(
    _ home: DatabaseHome, _ database: Database, _ access: AccessControl, _ loops: EventLoopGroup,
    _ stop: StopSwitch
  ) async throws {
    let keyring = try await KeyringLoader(
      path: configuration.keyring, mayCreate: home.cluster != nil
    ).load(for: database, deadline: .within(.seconds(30)))
    let environment = ServiceEnvironment(
      database: database, keyring: keyring, access: access, logger: logger)
    let health = HealthRegistry(clock: { Int64(Date.now.timeIntervalSince1970 * 1_000_000) })
    let watch = HealthWatch(registry: health)
    let services = Services(environment, health, loops, configuration)
    let server = Server(
      try serverConfiguration(access), services: services.definitions, on: loops)
    services.load.provide { server.statistics }
    let parts = services.parts + home.parts
    let watching: [Background.Work] = [
      { try await watch.follow(database) }, { try await watch.look(at: parts) },
    ]
    try await Background.run(watching + services.background) {
      stop.arm(server, health, services.engine)
      try await server.run { announce() }
    }
  }

  private func serverConfiguration(_ access: AccessControl) throws -> ServerConfiguration {
    try SocketDirectory.prepare(forSocket: configuration.socket)
    var server = ServerConfiguration(path: configuration.socket, logger: logger)
    server.limits.fit(openFiles: try OpenFileLimit.raise())
    server.permissions = configuration.socketMode
    if let name = configuration.socketGroup {
      guard let group = Accounts.groupID(of: name) else {
        throw ConfigurationError("--socket-group: there is no group \"\(name)\" on this host")
      }
      server.group = group
    }
    server.admission = { .admitted(principal: access.admit($0)) }
    server.authorize = { method, caller throws(RPCError) in
      try access.authorize(method.name, peer: caller.peer, principal: caller.principal)
    }
    return server
  }

  /// The first line of standard output; whoever started the daemon waits for it.
  private func announce() {
    StandardStream.output.write("ready socket=\(configuration.socket)\n")
    logger.notice(
      "ready",
      metadata: [
        "socket": "\(configuration.socket)", "version": "\(DaemonVersion.current)",
        "try": "integrationctl --socket \(configuration.socket) health",
      ])
  }

  private func reload(_ policies: PolicyLoader, _ access: AccessControl) {
    do {
      access.replace(with: try policies.load())
      logger.notice("the access policy was read again")
    } catch {
      logger.error("the access policy was not read again, the old one holds: \(error)")
    }
  }
}
