import NetworkAddress
import OutboundHTTP
import Reactor
import Testing

/// Runs `body` with a client on a loop of its own, and ends both.
func withClient<R: Sendable>(
  _ configuration: OutboundConfiguration = OutboundConfiguration(),
  resolver: any NameResolver = ClosureResolver { _ in .notFound },
  _ body: @Sendable (OutboundHTTPClient) async throws -> R
) async throws -> R {
  let loop = try EventLoop(name: "outbound-test")
  let client = try await loop.run {
    try OutboundHTTPClient(
      loop: loop, configuration: configuration, resolver: resolver)
  }
  let result: Result<R, any Error>
  do {
    result = .success(try await body(client))
  } catch {
    result = .failure(error)
  }
  await client.close()
  await loop.shutdown()
  return try result.get()
}

enum Given {
  static let loopback = IPAddress.v4(0x7F00_0001)

  /// Lets 127.0.0.0/8 and ::1 be dialled.
  static var policy: AddressPolicy {
    get throws {
      AddressPolicy(
        allowed: CIDRSet([try CIDRBlock("127.0.0.0/8"), try CIDRBlock("::1")]))
    }
  }

  static func url(_ text: String) throws -> OutboundURL {
    try OutboundURL(text, rules: OutboundURLRules(allowsHTTP: true))
  }

  /// A request to a server on loopback.
  static func request(
    _ method: OutboundMethod = .post, port: UInt16, host: String = "127.0.0.1",
    path: String = "/hook", scheme: String = "http", headers: [OutboundHeader] = [],
    body: String = "", timeouts: OutboundTimeouts = OutboundTimeouts(),
    limits: ResponseLimits = ResponseLimits()
  ) throws -> OutboundRequest {
    OutboundRequest(
      method, try url("\(scheme)://\(host):\(port)\(path)"), headers: headers,
      body: Array(body.utf8), timeouts: timeouts, limits: limits, policy: try policy)
  }
}

extension OutboundResult {
  var response: OutboundResponse {
    get throws { try get() }
  }

  var failure: OutboundFailure? {
    guard case .failure(let failure) = self else { return nil }
    return failure
  }
}

/// What has to be waited for, without a notion of how long.
func eventually(_ condition: () throws -> Bool) async throws {
  while try !condition() {
    try Task.checkCancellation()
    await Task.yield()
  }
}

let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
