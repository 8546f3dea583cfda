import FlyingFox
import Foundation
import Synchronization
import Testing

/// A receiver of webhooks on loopback that remembers what came and answers as it is told.
final class TestReceiver: Sendable {
  /// One request.
  struct Hit: Sendable {
    let path: String
    let method: String
    /// By name in lower case.
    let headers: [String: String]
    let body: [UInt8]

    var id: String { headers["webhook-id"] ?? "" }
  }

  /// How to answer the `n`th request of a path, from 1.
  typealias Answer = @Sendable (_ hit: Hit, _ number: Int) async -> HTTPResponse

  private struct State {
    var hits: [Hit] = []
    var counts: [String: Int] = [:]
    var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  let port: UInt16
  private let state: Arrivals
  private let server: HTTPServer

  private final class Arrivals: Sendable {
    let mutex = Mutex(State())

    func note(_ hit: Hit) -> Int {
      mutex.withLock { state in
        state.hits.append(hit)
        state.counts[hit.path, default: 0] += 1
        let due = state.waiters.filter { $0.count <= state.hits.count }
        state.waiters.removeAll { $0.count <= state.hits.count }
        for waiter in due { waiter.continuation.resume() }
        return state.counts[hit.path] ?? 0
      }
    }
  }

  private init(port: UInt16, state: Arrivals, server: HTTPServer) {
    self.port = port
    self.state = state
    self.server = server
  }

  /// Lets `body` act while a receiver listens.
  static func run(
    answer: @escaping Answer = { _, _ in HTTPResponse(statusCode: .noContent) },
    _ body: @Sendable @escaping (TestReceiver) async throws -> Void
  ) async throws {
    let arrivals = Arrivals()
    let server = HTTPServer(
      address: try .inet(ip4: "127.0.0.1", port: 0), logger: .disabled,
      handler: ClosureHTTPHandler { request in
        let hit = Hit(
          path: request.path, method: request.method.rawValue,
          headers: Dictionary(
            request.headers.map { ($0.key.rawValue.lowercased(), $0.value) },
            uniquingKeysWith: { first, _ in first }),
          body: Array(try await request.bodyData))
        return await answer(hit, arrivals.note(hit))
      })
    let running = Task { try await server.run() }
    try await server.waitUntilListening(timeout: 60)
    guard case .ip4(_, let port) = await server.listeningAddress else {
      throw CocoaError(.featureUnsupported)
    }
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await body(TestReceiver(port: port, state: arrivals, server: server)))
    } catch {
      result = .failure(error)
    }
    running.cancel()
    _ = await running.result
    try result.get()
  }

  func url(_ path: String = "/ok") -> String { "http://127.0.0.1:\(port)\(path)" }

  /// What came so far.
  var hits: [Hit] { state.mutex.withLock { $0.hits } }

  /// Waits until so many requests have come.
  func waitForHits(_ count: Int) async {
    await withCheckedContinuation { continuation in
      state.mutex.withLock { state in
        if state.hits.count >= count {
          continuation.resume()
        } else {
          state.waiters.append((count, continuation))
        }
      }
    }
  }
}
