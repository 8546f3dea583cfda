import CCurl
import Glibc
import NetworkAddress
@testable import OutboundHTTP
import Testing

@Suite struct FailureTests {
  static let causes: [FailureCause] =
    [
      .invalidRequest, .nameNotFound, .resolverUnavailable,
      .forbiddenAddress(Given.loopback, .ownAddress),
      .connectRefused, .connectTimeout, .connectFailed, .sendFailed, .staleConnection,
      .connectionLost,
      .firstByteTimeout, .totalTimeout,
      .responseTooLarge, .protocolError, .cancelled, .overloaded, .localResource,
    ] + TLSProblem.allCases.map(FailureCause.tlsFailed)

  @Test("each cause has a word of its own, and some are ours")
  func words() {
    #expect(Set(Self.causes.map(\.name)).count == Self.causes.count)
    #expect(
      Self.causes.allSatisfy {
        $0.name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
      })
    #expect(
      Self.causes.filter(\.isOurs) == [
        .resolverUnavailable, .cancelled, .overloaded, .localResource,
      ])
  }

  @Test(
    "an error of libcurl's is a cause",
    arguments: [
      (CurlError(code: 7, systemError: ECONNREFUSED), FailureCause.connectRefused),
      (CurlError(code: 7, systemError: ETIMEDOUT), .connectTimeout),
      (CurlError(code: 28), .connectTimeout),
      (CurlError(code: 7, systemError: EHOSTUNREACH), .connectFailed),
      (CurlError(code: 7, systemError: ENETUNREACH), .connectFailed),
      (CurlError(code: 7, systemError: EMFILE), .localResource),
      (CurlError(code: 7, systemError: ENFILE), .localResource),
      (CurlError(code: 7, systemError: EADDRNOTAVAIL), .localResource),
      (CurlError(code: 60), .tlsFailed(.hostMismatch)),
      (CurlError(code: 60, certificateError: 1), .tlsFailed(.hostMismatch)),
      (CurlError(code: 60, certificateError: 62), .tlsFailed(.hostMismatch)),
      (CurlError(code: 60, certificateError: 10), .tlsFailed(.certificateExpired)),
      (CurlError(code: 60, certificateError: 9), .tlsFailed(.certificateNotYetValid)),
      (CurlError(code: 60, certificateError: 18), .tlsFailed(.certificateUntrusted)),
      (CurlError(code: 60, certificateError: 20), .tlsFailed(.certificateUntrusted)),
      (CurlError(code: 60, certificateError: 23), .tlsFailed(.certificateUntrusted)),
      (CurlError(code: 35), .tlsFailed(.handshake)), (CurlError(code: 59), .tlsFailed(.handshake)),
      (CurlError(code: 55), .sendFailed), (CurlError(code: 56), .connectionLost),
      (CurlError(code: 52), .connectionLost),
      (CurlError(code: 18), .connectionLost), (CurlError(code: 8), .protocolError),
      (CurlError(code: 16), .protocolError),
      (CurlError(code: 92), .protocolError),
      (CurlError(code: 1, isInExchange: true), .protocolError),
      (CurlError(code: 43, isInExchange: true), .protocolError),
      (CurlError(code: 43), .localResource),
      (CurlError(code: 27, isInExchange: true), .responseTooLarge),
      (CurlError(code: 77), .localResource),
      (CurlError(code: 6), .localResource), (CurlError(code: 9999), .localResource),
    ])
  func curlErrors(error: CurlError, cause: FailureCause) {
    #expect(error.cause == cause)
  }

  @Test(
    "another address is tried where this one did not take the connection, unless it is our fault")
  func otherAddresses() {
    #expect(CurlError(code: 7, systemError: ECONNREFUSED).isWorthAnotherAddress)
    #expect(CurlError(code: 7, systemError: EHOSTUNREACH).isWorthAnotherAddress)
    #expect(!CurlError(code: 7, systemError: EMFILE).isWorthAnotherAddress)
    #expect(!CurlError(code: 60).isWorthAnotherAddress)
    #expect(!CurlError(code: 56).isWorthAnotherAddress)
  }

  /// A reset that comes just between connecting and getpeername(2) is a matter of luck, one in some
  /// ten thousand: what libcurl then says of the other end is given here.
  @Test("who resets a connection before anybody could look is at fault, not this host")
  func goneAtOnce() async throws {
    let failure = try await Self.failure(saying: "")
    #expect(failure.cause == .connectionLost)
    #expect(failure.peer == Given.loopback)
    #expect(!failure.requestMayHaveArrived)
    #expect(failure.message == "127.0.0.1 reset the connection before the request was sent")
  }

  @Test("another address than the one that was asked for is this host's fault")
  func stray() async throws {
    let failure = try await Self.failure(saying: "127.0.0.2")
    #expect(failure.cause == .localResource)
    #expect(!failure.requestMayHaveArrived)
  }

  /// What becomes of a request to 127.0.0.1 when libcurl says that `peer` is at the other end.
  private static func failure(saying peer: String) async throws -> OutboundFailure {
    let result = try await withClient { client in
      let request = try Given.request(port: 8080)
      return await client.loop.run {
        await withUnsafeContinuation { continuation in
          let transfer = Transfer(request, of: client)
          // Nothing is dialled before the end of this turn.
          transfer.begin(continuation)
          #expect(transfer.mayTalk(to: "127.0.0.1"))
          #expect(!transfer.mayTalk(to: peer))
          transfer.done(CURLE_ABORTED_BY_CALLBACK)
        }
      }
    }
    return try #require(result.failure)
  }
}
