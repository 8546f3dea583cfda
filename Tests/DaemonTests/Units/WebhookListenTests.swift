import IntegrationClient
import Signing
import Testing

@testable import integrationctl

@Suite("webhooks listen")
struct WebhookListenTests {
  private static let secret = "whsec_" + String(repeating: "QUFB", count: 10) + "QQ=="
  private static let body = Array(#"{"a":1}"#.utf8)

  private func signed(_ profile: SignatureProfile, _ secret: SigningSecret) throws
    -> [SignatureHeader]
  {
    try WebhookSigner(profile: profile, secrets: [secret]).headers(
      for: WebhookMessage(id: "evt", timestampUnixSeconds: 1_000, body: Self.body))
  }

  @Test(
    "a signature of every symmetric scheme is checked",
    arguments: SignatureScheme.allCases.filter { $0 != .asymmetric })
  func schemes(scheme: SignatureScheme) throws {
    let profile = scheme.form(header: .standard)
    let headers = try signed(profile, try SigningSecret(Self.secret))
    let check = try SignatureCheck(scheme, header: .standard, secrets: [Self.secret])
    #expect(check.verdict(headers, body: Self.body, nowUnixSeconds: 1_001) == .valid)
    #expect(
      check.verdict(headers, body: Self.body + [32], nowUnixSeconds: 1_001) == .invalid(.noMatch))
  }

  @Test("an asymmetric signature is checked with the public key, or the pair")
  func asymmetric() throws {
    let secret = SigningSecret.generateEd25519()
    let headers = try signed(.standard, secret)
    for text in [secret.publicKey?.text ?? "", secret.text.reveal()] {
      let check = try SignatureCheck(.asymmetric, header: .standard, secrets: [text])
      #expect(check.verdict(headers, body: Self.body, nowUnixSeconds: 1_000) == .valid)
    }
  }

  @Test("without a secret nothing is checked")
  func unchecked() throws {
    let check = try SignatureCheck(.standard, header: .standard, secrets: [])
    #expect(check.verdict([], body: [], nowUnixSeconds: 0) == .unchecked)
  }

  private func request(body: [UInt8]?, verdict: SignatureVerdict) -> ReceivedRequest {
    ReceivedRequest(
      time: ProtoTimestamp(seconds: 1_000), method: "POST", target: "/a\u{1b}[2J",
      headers: [SignatureHeader(name: "Webhook-Id", value: "evt")], body: body, verdict: verdict,
      isRepetition: true, status: 200)
  }

  @Test("a request is printed so that a terminal only shows it")
  func text() {
    #expect(
      request(body: Self.body, verdict: .invalid(.noMatch)).text(withHeaders: true) == """
        1970-01-01 00:16:40Z POST /a\\u{1b}[2J -> 200
          webhook-id: evt, seen before
          signature: invalid: no signature matches: another message, or another secret
          header: Webhook-Id: evt
          body: 7 B
            {
              "a": 1
            }

        """)
  }

  @Test("a request is a line of JSON for programs")
  func json() throws {
    let text = try request(body: Self.body, verdict: .valid).json()
    #expect(text.contains(#""body":"{\"a\":1}""#))
    #expect(text.contains(#""signature":"valid""#))
    #expect(text.contains(#""webhookId":"evt""#))
    #expect(try request(body: [0xFF], verdict: .valid).json().contains(#""bodyBase64":"/w==""#))
    #expect(try !request(body: nil, verdict: .valid).json().contains("bytes"))
  }

  @Test(
    "an address is a number of this host",
    arguments: [
      ("127.0.0.1", "http://127.0.0.1:80/", "127.0.0.0/8"),
      ("localhost", "http://127.0.0.1:80/", "127.0.0.0/8"),
      ("::1", "http://[::1]:80/", "::1/128"), ("10.1.2.3", "http://10.1.2.3:80/", "10.1.2.3/32"),
    ])
  func address(text: String, url: String, block: String) {
    let address = ListenAddress(argument: text)
    #expect(address?.url(port: 80) == url)
    #expect(address?.block == block)
  }

  @Test("a name is no address", arguments: ["", "example.org", "1.2.3", "1.2.3.4.5", ":"])
  func noAddress(text: String) {
    #expect(ListenAddress(argument: text) == nil)
  }

  @Test("the command to try next is one that a shell understands")
  func greeting() {
    var greeting = ListenGreeting(
      url: "http://127.0.0.1:8080/", block: "127.0.0.0/8", profile: .standard,
      signatureHeader: nil, secretFile: nil, hasSecret: false)
    #expect(
      greeting.text.hasPrefix("listening on http://127.0.0.1:8080/\n"))
    #expect(
      greeting.command == "integrationctl webhooks create TENANT local http://127.0.0.1:8080/")
    greeting = ListenGreeting(
      url: "http://127.0.0.1:8080/", block: "127.0.0.0/8", profile: .github,
      signatureHeader: nil, secretFile: "my file's", hasSecret: true)
    #expect(greeting.command.hasSuffix("--profile github --secret-stdin < 'my file'\\''s'"))
  }
}
