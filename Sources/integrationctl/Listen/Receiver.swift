import FlyingFox
import Foundation
import IntegrationClient
import Reactor
import Signing

/// Answers the requests of `webhooks listen` and prints them as they come.
actor Receiver: HTTPHandler {
  struct Settings: Sendable {
    var check: SignatureCheck
    var status = 200
    var delay = Duration.zero
    /// After how many requests to stop.
    var count: Int?
    var json = false
    var showsHeaders = false
  }

  /// What became of the requests.
  struct Tally: Sendable, CustomStringConvertible {
    var requests = 0
    var valid = 0
    var invalid = 0

    var description: String {
      let count = "\(requests) request\(requests == 1 ? "" : "s")"
      guard valid + invalid > 0 else { return count }
      return "\(count), \(valid) with a valid signature, \(invalid) with none"
    }
  }

  /// Four times what an event may hold.
  static let maxBodyBytes = 1 << 20
  /// Ids that are remembered; then it begins anew.
  private static let maxRememberedIDs = 10_000

  /// No more requests are taken.
  let closing = Completion<Void>()
  /// Those that were taken are answered.
  let idle = Completion<Void>()

  private let settings: Settings
  private(set) var tally = Tally()
  private var isOpen = false
  private var early: [CheckedContinuation<Void, Never>] = []
  private var isClosing = false
  private var unanswered = 0
  private var ids: Set<String> = []

  init(_ settings: Settings) { self.settings = settings }

  /// Prints where it listens, and lets requests in, which must not be printed before.
  func open(_ greeting: String) throws {
    defer {
      isOpen = true
      for continuation in early { continuation.resume() }
      early = []
    }
    try show(greeting)
  }

  /// Prints, or ends with why it cannot.
  private func show(_ text: String) throws {
    do {
      try print(text)
    } catch {
      closing.fail(error)
      throw error
    }
  }

  /// Takes no more requests; called again, waits for none either.
  func close() {
    if isClosing { idle.succeed(()) }
    isClosing = true
    closing.succeed(())
    if unanswered == 0 { idle.succeed(()) }
  }

  func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
    if !isOpen { await withCheckedContinuation { early.append($0) } }
    unanswered += 1
    defer {
      unanswered -= 1
      if isClosing, unanswered == 0 { idle.succeed(()) }
    }
    let body = try await Self.body(of: request)
    guard !isClosing else { return Self.response(503) }
    let received = receive(request, body)
    tally.requests += 1
    try show(settings.json ? received.json() : received.text(withHeaders: settings.showsHeaders))
    if tally.requests == settings.count { close() }
    if settings.delay > .zero { try await Task.sleep(for: settings.delay) }
    return Self.response(received.status)
  }

  private func receive(_ request: HTTPRequest, _ body: [UInt8]?) -> ReceivedRequest {
    let now = ProtoTimestamp.now
    let headers = request.headers
      .map { SignatureHeader(name: $0.key.rawValue, value: $0.value) }
      .sorted { ($0.name.lowercased(), $0.value) < ($1.name.lowercased(), $1.value) }
    let verdict =
      body.map { settings.check.verdict(headers, body: $0, nowUnixSeconds: now.seconds) }
      ?? .unchecked
    var status = body == nil ? 413 : settings.status
    switch verdict {
    case .unchecked: break
    case .valid: tally.valid += 1
    case .invalid:
      tally.invalid += 1
      status = 401
    }
    let id = headers.first { $0.name.lowercased() == SignatureHeader.id }?.value
    return ReceivedRequest(
      time: now, method: request.method.rawValue, target: request.target.rawValue,
      headers: headers, body: body, verdict: verdict,
      isRepetition: id.map { !remember($0) } ?? false, status: status)
  }

  /// Whether the id is new.
  private func remember(_ id: String) -> Bool {
    if ids.count >= Self.maxRememberedIDs { ids = [] }
    return ids.insert(id).inserted
  }

  /// All of the body; nil when it is too long. What is too much is read all the same, or it would
  /// pass for the next request.
  @concurrent
  private static func body(of request: HTTPRequest) async throws -> [UInt8]? {
    var body: [UInt8]? = []
    for try await chunk in request.bodySequence {
      let length = (body?.count ?? maxBodyBytes) + chunk.count
      if length > maxBodyBytes { body = nil } else { body? += chunk }
    }
    return body
  }

  private static func response(_ status: Int) -> HTTPResponse {
    HTTPResponse(statusCode: HTTPStatusCode(status, phrase: ""))
  }
}
