import Testing

@testable import integrationd

@Suite("Background work")
struct BackgroundTests {
  private struct Trouble: Error, Equatable {
    let who: String
  }

  @Test("is cancelled when the body is over, and its result is waited for")
  func ends() async throws {
    let (stream, ended) = AsyncStream.makeStream(of: Void.self)
    let value = try await Background.run([
      {
        do {
          try await Task.sleep(for: .seconds(3600))
        } catch {
          ended.yield()
          throw error
        }
      }
    ]) { 7 }
    ended.finish()
    #expect(value == 7)
    #expect(await stream.reduce(0) { count, _ in count + 1 } == 1)
  }

  @Test("that ends by itself does not end the body")
  func early() async throws {
    let (stream, go) = AsyncStream.makeStream(of: Void.self)
    let value = try await Background.run([{ go.finish() }]) {
      for await _ in stream {}
      return 7
    }
    #expect(value == 7)
  }

  @Test("that fails ends the body, with its error")
  func fails() async {
    await #expect(throws: Trouble(who: "work")) {
      try await Background.run([{ throw Trouble(who: "work") }]) {
        try await Task.sleep(for: .seconds(3600))
      }
    }
  }

  @Test("ends when the body fails, with the body's error")
  func bodyFails() async {
    await #expect(throws: Trouble(who: "body")) {
      try await Background.run([{ try await Task.sleep(for: .seconds(3600)) }]) {
        throw Trouble(who: "body")
      }
    }
  }

  @Test("that fails while it is being ended is heard of")
  func failsLate() async {
    await #expect(throws: Trouble(who: "late")) {
      try await Background.run([
        {
          do {
            try await Task.sleep(for: .seconds(3600))
          } catch {
            throw Trouble(who: "late")
          }
        }
      ]) {}
    }
  }
}
