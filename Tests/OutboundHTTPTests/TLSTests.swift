import Foundation
import NetworkAddress
import OutboundHTTP
import Testing

@Suite(.enabled(if: Certificates.opensslPath != nil, "openssl is not installed"))
struct TLSTests {
  static let resolver = ClosureResolver { _ in .addresses([Given.loopback]) }

  static func get(
    _ host: String = "good.test", port: UInt16, authority: String?,
    timeouts: OutboundTimeouts = OutboundTimeouts()
  ) async throws -> OutboundResult {
    let configuration = OutboundConfiguration(extraCAFile: authority)
    return try await withClient(configuration, resolver: resolver) { client in
      await client.send(
        try Given.request(
          .get, port: port, host: host, path: "/", scheme: "https", timeouts: timeouts))
    }
  }

  @Test("a certificate of the host by a trusted authority is good, and the request names the host")
  func trusted() async throws {
    let certificates = try Certificates.shared.get()
    let server = try ServerProcess.openssl(certificates)
    let response = try await Self.get(port: server.port, authority: certificates.authority).response
    #expect(response.status == 200)
    #expect(response.timings.tls != nil)
    #expect(response.peer == Given.loopback)
    #expect(String(decoding: response.body, as: UTF8.self).contains("TLSv1.3"))
  }

  @Test("a certificate of an authority that nobody trusts is refused")
  func untrusted() async throws {
    let certificates = try Certificates.shared.get()
    let server = try ServerProcess.openssl(certificates)
    let failure = try #require(try await Self.get(port: server.port, authority: nil).failure)
    #expect(failure.cause == .tlsFailed(.certificateUntrusted))
    #expect(failure.cause.name == "tls_certificate_untrusted")
    #expect(!failure.requestMayHaveArrived)
    #expect(failure.peer == Given.loopback)
    #expect(failure.message.contains("good.test (127.0.0.1)"))
  }

  @Test(
    "a certificate of another time is refused, and the time said",
    arguments: [
      (Certificates.Validity.past, TLSProblem.certificateExpired),
      (.future, .certificateNotYetValid),
    ])
  func times(validity: Certificates.Validity, problem: TLSProblem) async throws {
    let certificates = try Certificates.shared.get()
    let server = try ServerProcess.openssl(certificates, validity)
    let result = try await Self.get(port: server.port, authority: certificates.authority)
    #expect(result.failure?.cause == .tlsFailed(problem))
  }

  @Test(
    "a certificate of another host is refused",
    arguments: ["other.test", "127.0.0.1", "sub.good.test"])
  func wrongHost(host: String) async throws {
    let certificates = try Certificates.shared.get()
    let server = try ServerProcess.openssl(certificates)
    let result = try await Self.get(host, port: server.port, authority: certificates.authority)
    #expect(result.failure?.cause == .tlsFailed(.hostMismatch))
    #expect(result.failure?.requestMayHaveArrived == false)
  }

  @Test(
    "TLS 1.2 is spoken, and nothing older",
    arguments: [("-tls1_2", true), ("-tls1_1", false), ("-tls1", false)])
  func versions(option: String, isGood: Bool) async throws {
    let certificates = try Certificates.shared.get()
    let server = try ServerProcess.openssl(
      certificates, .now, [option, "-cipher", "ALL:@SECLEVEL=0"])
    let result = try await Self.get(port: server.port, authority: certificates.authority)
    if isGood {
      #expect(try result.response.status == 200)
    } else {
      #expect(result.failure?.cause == .tlsFailed(.handshake))
    }
  }

  @Test("a file of authorities that is not there is our fault")
  func missingAuthorities() async throws {
    let certificates = try Certificates.shared.get()
    let server = try ServerProcess.openssl(certificates)
    let result = try await Self.get(port: server.port, authority: "/nowhere/ca.pem")
    #expect(result.failure?.cause == .localResource)
  }

  @Test("who does not speak TLS fails the handshake")
  func plainText() async throws {
    let server = try FaultServer { connection in
      connection.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
      connection.awaitHangUp()
    }
    let result = try await Self.get(port: server.port, authority: nil)
    #expect(result.failure?.cause == .tlsFailed(.handshake))
    #expect(server.requests.isEmpty)
  }

  @Test("who hangs up in the handshake fails it", arguments: [true, false])
  func hangsUp(isReset: Bool) async throws {
    let server = try FaultServer { if isReset { $0.reset() } }
    let result = try await Self.get(port: server.port, authority: nil)
    let cause = result.failure?.cause
    #expect(cause == .tlsFailed(.handshake) || isReset && cause == .connectFailed)
    #expect(result.failure?.requestMayHaveArrived == false)
  }

  @Test("who says nothing in the handshake runs into its time")
  func silent() async throws {
    let server = try FaultServer { $0.awaitHangUp() }
    // The alarm is first set for connecting.
    let timeouts = OutboundTimeouts(connect: .milliseconds(200), tls: .milliseconds(300))
    let result = try await Self.get(port: server.port, authority: nil, timeouts: timeouts)
    #expect(result.failure?.cause == .tlsFailed(.timeout))
    #expect(result.failure?.peer == Given.loopback)
  }

  static let nodePath = ["/usr/bin/node", "/usr/local/bin/node"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  @Test(
    "HTTP/2 is spoken where TLS agrees on it, many requests on few connections",
    .enabled(if: nodePath != nil, "node is not installed"))
  func http2() async throws {
    let certificates = try Certificates.shared.get()
    let script = """
      const fs = require('fs');
      const server = require('http2').createSecureServer({
        key: fs.readFileSync('\(certificates.key)'), cert: fs.readFileSync('\(certificates.certificate(.now))'),
      });
      server.on('stream', (stream, headers) => {
        const body = [];
        stream.on('data', (piece) => body.push(piece));
        stream.on('end', () => {
          stream.respond({':status': 202, 'x-path': headers[':path'], 'x-host': headers[':authority']});
          stream.end(Buffer.concat(body));
        });
      });
      server.listen(0, '127.0.0.1', () => console.log('READY:' + server.address().port));
      """
    let server = try ServerProcess(Self.nodePath ?? "", ["-e", script], mark: "READY")
    let configuration = OutboundConfiguration(extraCAFile: certificates.authority)
    try await withClient(configuration, resolver: Self.resolver) { client in
      let request = try Given.request(
        port: server.port, host: "good.test", path: "/a/../b?c=%20", scheme: "https", body: "hello")
      let first = try await client.send(request).response
      #expect(first.status == 202)
      #expect(first.version == .http2)
      #expect(first.body == Array("hello".utf8))
      #expect(first.header("x-path") == "/a/../b?c=%20")
      #expect(first.header("x-host") == "good.test:\(server.port)")
      try await withThrowingTaskGroup { group in
        for _ in 0..<100 {
          group.addTask {
            let response = try await client.send(request).response
            #expect(response.didReuseConnection)
          }
        }
        try await group.waitForAll()
      }
      let connections = try Loopback.socketsConnected(to: server.port)
      #expect(connections == 1)
    }
  }
}
