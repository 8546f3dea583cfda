import FoundationEssentials
import IntegrationAPI
import Integrations
import KeyRules
import ProtobufC
import Reactor
import Testing

@Suite("Webhooks: sealing credentials with a newer key")
struct CredentialRewrapperTests {
  /// Rings on the way from key 1 to key 2: before, both, after.
  private static func rings() throws -> [Keyring] {
    let pepper = MasterKey.generate(.pepper, version: 1)
    let first = MasterKey.generate(.keyEncryption, version: 1)
    let second = MasterKey.generate(.keyEncryption, version: 2)
    return [
      try Keyring([pepper, first]), try Keyring([pepper, first, second]),
      try Keyring([pepper, second]),
    ]
  }

  private static func deadline() -> Deadline { .within(.seconds(60)) }

  @Test("an old key is replaced everywhere, revisions stay, and then it can be retired")
  func retire() async throws {
    try await WebhooksWorld.run(keyrings: Self.rings()) { world in
      var ids: [String] = []
      for _ in 0..<3 { ids.append(try await world.create().webhook?.webhookId ?? "") }
      let deleted = try await world.create().webhook?.webhookId ?? ""
      try await world.delete(deleted)
      let before = try await world.get(ids[0])
      let both = world.daemons[1]
      #expect(try await both.rewrapper().remaining(deadline: Self.deadline()) == [1: 4])
      await expectStatus(.internal) { try await world.get(ids[0], on: world.daemons[2]) }
      // The ring that knows nothing newer has nothing to do.
      #expect(try await world.daemon.rewrapper().rewrap() == .init())
      let outcome = try await both.rewrapper().rewrap()
      #expect(outcome.rewrapped == 4 && outcome.overtaken == 0 && outcome.unreadable == 0)
      #expect(try await both.rewrapper().remaining(deadline: Self.deadline()) == [2: 4])
      #expect(try await both.rewrapper().rewrap() == .init())
      #expect(try await world.get(ids[0], on: world.daemons[2]) == before)
      #expect(try await world.count("select max(revision) from integrationd.webhooks") == 2)
      // A daemon that has not heard of the new key does not undo it, and cannot read it.
      #expect(try await world.daemon.rewrapper().rewrap() == .init())
      await expectStatus(.internal) { try await world.get(ids[0]) }
    }
  }

  @Test("all are reached, however many batches it takes")
  func batches() async throws {
    try await WebhooksWorld.run(keyrings: Self.rings()) { world in
      for _ in 0..<101 { try await world.create { $0.auth = WebhookAuth(authType: .none) } }
      #expect(try await world.daemons[1].rewrapper().rewrap().rewrapped == 101)
      #expect(
        try await world.daemons[1].rewrapper().remaining(deadline: Self.deadline()) == [2: 101])
    }
  }

  @Test("what does not open is left, counted and logged, and holds up nothing")
  func unreadable() async throws {
    try await WebhooksWorld.run(keyrings: Self.rings()) { world in
      let broken = try await world.create().webhook?.webhookId ?? ""
      try await world.create()
      try await world.sql(
        "update integrationd.webhooks set revision = 9 where id = '\(broken)'")
      let outcome = try await world.daemons[1].rewrapper().rewrap()
      #expect(outcome.rewrapped == 1 && outcome.unreadable == 1)
      #expect(
        try await world.daemons[1].rewrapper().remaining(deadline: Self.deadline()) == [1: 1, 2: 1])
      #expect(world.daemons[1].log.errors.count == 1)
    }
  }

  @Test("changes made meanwhile are never undone, and nothing is lost")
  func concurrent() async throws {
    try await WebhooksWorld.run(keyrings: Self.rings()) { world in
      var ids: [String] = []
      for _ in 0..<4 { ids.append(try await world.create().webhook?.webhookId ?? "") }
      let both = world.daemons[1]
      try await withThrowingTaskGroup(of: Void.self) { group in
        for id in ids {
          group.addTask {
            for number in 1...10 {
              try await world.update(id, ["max_retries"], on: both) {
                $0.maxRetries = Int32(number)
              }
            }
          }
        }
        for _ in 0..<3 {
          group.addTask {
            for _ in 0..<10 { _ = try await both.rewrapper().rewrap() }
          }
        }
        try await group.waitForAll()
      }
      for id in ids { #expect(try await world.get(id, on: both).maxRetries == 10) }
      #expect(try await world.count("select min(revision) from integrationd.webhooks") == 11)
      #expect(try await both.rewrapper().remaining(deadline: Self.deadline()) == [2: 4])
    }
  }

  @Test("a change that was faster wins")
  func overtaken() async throws {
    try await WebhooksWorld.run(keyrings: Self.rings()) { world in
      let id = try await world.create().webhook?.webhookId ?? ""
      // Whoever rewraps waits here, with the old envelope read, until a revision later.
      let session = try await WebhookRowLock(world, id)
      let walk = Task { try await world.daemons[1].rewrapper().rewrap() }
      try await session.untilSomebodyWaits()
      try await session.commit("update integrationd.webhooks set revision = revision + 1")
      let outcome = try await walk.value
      #expect(outcome.overtaken == 1 && outcome.rewrapped == 0)
    }
  }

  @Test("it walks at once, logs failures to nobody's harm, and ends when it is cancelled")
  func run() async throws {
    try await WebhooksWorld.run(keyrings: Self.rings()) { world in
      try await world.create()
      let both = world.daemons[1]
      let running = Task {
        try await CredentialRewrapper(
          both.repository, logger: both.environment.logger, pause: .milliseconds(1)
        ).run()
      }
      while try await both.rewrapper().remaining(deadline: Self.deadline()) != [2: 1] {
        await Task.yield()
      }
      running.cancel()
      await #expect(throws: CancellationError.self) { try await running.value }
    }
  }
}
