import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Notifications")
struct HintTests {
  @Test("a listener hears of notifications, and of every time the server began to send them")
  func hints() async throws {
    try await TestWorld.with { (world) async throws in
      let news = NotificationChannel("news")
      let other = NotificationChannel("other")
      let both = [world.database.hints(of: news), world.database.hints(of: news)]
      var hints = both[0].makeAsyncIterator()
      var copies = both[1].makeAsyncIterator()
      var others = world.database.hints(of: other).makeAsyncIterator()
      #expect(await hints.next() == .listening)
      #expect(await copies.next() == .listening)
      #expect(await others.next() == .listening)
      try await world.data.execute("notify other, 'here'")
      try await world.data.execute("notify news, 'one'")
      #expect(await others.next() == .notified(payload: "here"))
      #expect(await next(&hints) == "one")
      #expect(await next(&copies) == "one")
      try await world.data.terminateBackends()
      #expect(await others.next() == .listening)
      try await world.data.execute("notify news, 'two'")
      #expect(await next(&hints) == "two")
    }
  }

  @Test("a listener that stops is forgotten, and its connection closed")
  func stops() async throws {
    try await TestWorld.with { (world) async throws in
      let listening = Query(
        "listening",
        "select count(*) from pg_stat_activity where query like 'listen %' and datname = current_database()"
      ) { row throws(RowError) in try row.int() }
      let heard = Signal()
      let tasks = ["one", "two"].map { _ in
        Task {
          for await hint in world.database.hints(of: NotificationChannel("news"))
          where hint == .listening { heard.raise() }
        }
      }
      await heard.wait(count: 2)
      for task in tasks {
        task.cancel()
        await task.value
      }
      while try await world.database.row(listening, in: .worker, deadline: .ample) != 0 {}
    }
  }

  @Test("ending the client ends its listeners")
  func ends() async throws {
    let world = try await TestWorld()
    try await world.run { (world) async throws in
      let hints = world.database.hints(of: NotificationChannel("news"))
      world.database.shutdown()
      for await _ in hints {}
    }
  }

  /// The payload of the next notification.
  private func next(
    _ hints: inout AsyncStream<NotificationHint>.AsyncIterator
  ) async -> String? {
    while let hint = await hints.next() {
      if case .notified(let payload) = hint { return payload }
    }
    return nil
  }
}
