import Fixtures
import Foundation
import IntegrationAPI
import ProtobufC
import Reactor
import TTRPC
import TTRPCServer
import Testing

/// Generated services and clients meet over a socket, with a method of every kind.
@Suite
struct KindsTests {
  private struct Talker: Kinds {
    func once(_ request: Everything, _ call: CallContext) async throws -> Shuffled {
      Shuffled(third: call.method.method, first: request.int32Value, second: request.strings)
    }

    func watch(
      _ request: Shuffled, responses: ResponseWriter<Everything>, _ call: CallContext
    ) async throws {
      for number in 0..<request.first {
        try await responses.write(Everything(choice: .chosenInt32(number)))
      }
    }

    func collect(
      requests: RequestStream<Everything>, _ call: CallContext
    ) async throws -> Nothing {
      var texts: [String] = []
      for try await request in requests { texts.append(request.stringValue) }
      throw RPCError(.aborted, texts.joined(separator: "+"))
    }

    func converse(
      requests: RequestStream<Shuffled>, responses: ResponseWriter<Shuffled>, _ call: CallContext
    ) async throws {
      for try await request in requests {
        try await responses.write(Shuffled(third: request.third.uppercased()))
      }
    }
  }

  @Test("one request, one response")
  func once() async throws {
    try await serve { client in
      let response = try await client.once(Everything(int32Value: -7, strings: ["a", ""]))
      #expect(response == Shuffled(third: "Once", first: -7, second: ["a", ""]))
    }
  }

  @Test("one request, a stream of responses")
  func watch() async throws {
    try await serve { client in
      var choices: [Everything.Choice?] = []
      for try await response in try await client.watch(Shuffled(first: 3)) {
        choices.append(response.choice)
      }
      #expect(choices == [.chosenInt32(0), .chosenInt32(1), .chosenInt32(2)])
    }
  }

  @Test("a stream of requests, one answer")
  func collect() async throws {
    try await serve { client in
      let call = try await client.collect()
      for text in ["a", "b", "c"] { try await call.requests.write(Everything(stringValue: text)) }
      await call.requests.finish()
      let error = await #expect(throws: RPCError.self) { try await call.response() }
      #expect(error?.code == .aborted)
      #expect(error?.message == "a+b+c")
    }
  }

  @Test("a stream both ways")
  func converse() async throws {
    try await serve { client in
      let call = try await client.converse()
      var responses = call.responses.makeAsyncIterator()
      for text in ["a", "ü"] {
        try await call.requests.write(Shuffled(third: text))
        #expect(try await responses.next() == Shuffled(third: text.uppercased()))
      }
      await call.requests.finish()
      #expect(try await responses.next() == nil)
    }
  }

  /// A server of its own for one test.
  private func serve(_ body: @Sendable (KindsClient) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "kinds-\(UUID().uuidString.prefix(13))")
    try FileManager.default.createDirectory(
      at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let path = folder.appending(path: "s.sock").path
    let loops = try EventLoopGroup(count: 1, name: "kinds")
    let server = Server(
      ServerConfiguration(path: path), services: [Talker().definition], on: loops)
    let channel = ClientChannel(ClientConfiguration(path: path))
    let ready = Completion<Void>()
    let outcome = await Result {
      try await withThrowingTaskGroup { group in
        group.addTask {
          do {
            try await server.run { ready.succeed(()) }
          } catch {
            ready.fail(error)
            throw error
          }
        }
        try await ready.value()
        try await body(KindsClient(channel))
        server.drain(within: .seconds(5))
        await channel.close()
        try await group.waitForAll()
      }
    }
    await loops.shutdown()
    try FileManager.default.removeItem(at: folder)
    try outcome.get()
  }
}

extension Result where Failure == any Error {
  /// What an asynchronous body came to.
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
