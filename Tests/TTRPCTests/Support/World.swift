import Foundation
import Logging
import ProtobufC
import Reactor
import TTRPC
import TTRPCServer

/// A server of its own for one test, on a socket of its own, with loops of its own.
final class World: Sendable {
  let server: Server
  let path: String
  let gate: Gate
  let log: LogRecord
  let loops: EventLoopGroup
  private let channels = Guarded<[ClientChannel]>([])

  /// Runs `body` beside a running server, and ends both.
  static func with<R: Sendable>(
    loops count: Int = 1, grace: Duration = .seconds(5),
    _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: @Sendable (World) async throws -> R
  ) async throws -> R {
    let world = try World(loops: count, grace: grace, change)
    let ready = Completion<Void>()
    do {
      let result = try await withThrowingTaskGroup { group in
        group.addTask {
          do {
            try await world.server.run { ready.succeed(()) }
          } catch {
            ready.fail(error)
            throw error
          }
        }
        try await ready.value()
        let result = try await body(world)
        world.gate.open()
        for channel in world.channels.withLock({ $0 }) { await channel.close() }
        world.server.drain(within: .seconds(5))
        try await group.waitForAll()
        return result
      }
      await world.end()
      return result
    } catch {
      await world.end()
      throw error
    }
  }

  private init(
    loops count: Int, grace: Duration, _ change: (inout ServerConfiguration) -> Void
  ) throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("ttrpc-\(UUID().uuidString.prefix(13))", isDirectory: true)
    try FileManager.default.createDirectory(
      at: directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    path = directory.appendingPathComponent("s.sock").path
    gate = Gate()
    let log = LogRecord()
    self.log = log
    loops = try EventLoopGroup(count: count, name: "test")
    var configuration = ServerConfiguration(
      path: path, logger: Logger(label: "test") { _ in log.handler })
    change(&configuration)
    server = Server(
      configuration, services: [Echo(gate: gate).definition], on: loops, grace: grace)
  }

  /// A client of the library.
  func channel(
    _ change: (inout ClientConfiguration) -> Void = { _ in }
  ) -> ClientChannel {
    var configuration = ClientConfiguration(path: path)
    change(&configuration)
    let channel = ClientChannel(configuration)
    channels.withLock { $0.append(channel) }
    return channel
  }

  /// A client that may send what it likes.
  func raw() async throws -> RawClient {
    try await RawClient(path: path, on: loops.loops[0])
  }

  private func end() async {
    await loops.shutdown()
    try? FileManager.default.removeItem(
      at: URL(fileURLWithPath: path).deletingLastPathComponent())
  }
}

/// What a server logged.
final class LogRecord: Sendable {
  private let lines = Guarded<[String]>([])

  var text: String { lines.withLock { $0.joined(separator: "\n") } }

  var handler: any LogHandler { Handler(record: self) }

  private struct Handler: LogHandler {
    let record: LogRecord
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      record.lines.withLock {
        $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])")
      }
    }
  }
}
