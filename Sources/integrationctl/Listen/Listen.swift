import ArgumentParser
import FlyingFox
import FlyingSocks
import IntegrationClient
import Reactor
import Signing

extension Webhooks {
  struct Listen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Be a receiver: print the requests of webhooks as they come, and answer them.",
      discussion: """
        For trying things out; no daemon is asked. With a secret, requests that it did not sign \
        are answered with 401. Bodies of more than 1 MiB are answered with 413. Ctrl-C ends it once \
        what has come is answered, a second one at once.

        integrationctl webhooks listen --secret-file secret
        integrationctl webhooks listen --respond 503 --count 3
        """)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "The port; 0 for any that is free.") var port: UInt16 = 8080
    @Option(help: ArgumentHelp("The address of this host to listen at.", valueName: "ip"))
    var address: ListenAddress = .loopback
    @Flag(help: "Read the secret that signatures are checked with from standard input.")
    var secretStdin = false
    @Option(
      help: ArgumentHelp(
        "Read the secrets that signatures are checked with, one a line; any of them will do.",
        valueName: "file"))
    var secretFile: String?
    @Option(help: "What signatures look like.") var profile = SignatureScheme.standard
    @Option(help: ArgumentHelp("For the body-hex profile: the header.", valueName: "name"))
    var signatureHeader: String = SignatureHeaderName.standard.text
    @Option(help: ArgumentHelp("Answer with this status, 200 to 599.", valueName: "status"))
    var respond = 200
    @Option(
      name: .customLong("delay"),
      help: ArgumentHelp("Wait so long before every answer, at most 600000.", valueName: "ms"))
    var delayMs = 0
    @Option(help: ArgumentHelp("End after so many requests.", valueName: "requests"))
    var count: Int?
    @Flag(help: "Print the headers too.") var headers = false

    func validate() throws {
      guard (200...599).contains(respond) else {
        throw ValidationError("--respond must be a status of 200 to 599")
      }
      guard (0...600_000).contains(delayMs) else {
        throw ValidationError("--delay must be 0 to 600000 milliseconds")
      }
      guard count ?? 1 > 0 else { throw ValidationError("--count must be at least 1") }
      if secretStdin, secretFile != nil {
        throw ValidationError("--secret-stdin and --secret-file exclude each other")
      }
    }

    func run() async throws {
      let receiver = Receiver(
        Receiver.Settings(
          check: try check(), status: respond, delay: .milliseconds(delayMs), count: count,
          json: connection.json, showsHeaders: headers))
      let server = HTTPServer(
        config: HTTPServer.Configuration(
          address: try address.socket(port: port), timeout: 30 + Double(delayMs) / 1000,
          sharedRequestReplaySize: Receiver.maxBodyBytes, logger: DisabledLogger.disabled),
        handler: receiver)
      let loop = try EventLoop(name: "signals")
      let signals = try await SignalWatch.sequence(of: [.interrupt, .terminate], on: loop)
      do {
        try await serve(receiver, server, until: signals)
      } catch let code as ExitCode {
        await loop.shutdown()
        throw code
      } catch {
        await loop.shutdown()
        let reason =
          if case .failed(_, _, let message)? = error as? SocketError { message } else {
            "\(error)"
          }
        writeError("error: cannot listen at \(address.text), port \(port): \(reason)")
        throw ExitStatus.of(.alreadyExists)
      }
      await loop.shutdown()
      connection.hint("\(await receiver.tally)")
    }

    private func check() throws -> SignatureCheck {
      do {
        var secrets: [String] = []
        if secretStdin { secrets = [try InputBytes.secret("secret")] }
        if let secretFile {
          secrets = String(decoding: try InputBytes.of(file: secretFile), as: UTF8.self)
            .split(whereSeparator: \.isNewline).map(String.init)
          if secrets.isEmpty { throw ValidationError("\(secretFile) holds no secret") }
        }
        return try SignatureCheck(
          profile, header: try SignatureHeaderName(signatureHeader), secrets: secrets)
      } catch let error as SignatureHeaderNameError {
        throw ValidationError("--signature-header \(error)")
      } catch let error as SigningSecretError {
        throw ValidationError("the secret \(error)")
      } catch let error as SigningError {
        throw ValidationError("the secret does not fit: \(error)")
      }
    }

    /// Returns when all is answered after the last request or the first signal.
    private func serve(
      _ receiver: Receiver, _ server: HTTPServer, until signals: AsyncStream<Signal>
    ) async throws {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          do {
            try await server.run()
          } catch {
            receiver.closing.fail(error)
          }
        }
        group.addTask { for await _ in signals { await receiver.close() } }
        group.addTask {
          try await server.waitUntilListening()
          guard let bound = await server.listeningAddress?.port else { return }
          try await receiver.open(greeting(bound))
        }
        defer { group.cancelAll() }
        try await receiver.closing.value()
        try await receiver.idle.value()
        // The time for the last answer to leave: all connections are cut then.
        await server.stop(timeout: 0.25)
      }
    }

    private func greeting(_ port: UInt16) throws -> String {
      let greeting = ListenGreeting(
        url: address.url(port: port), block: address.block, profile: profile,
        signatureHeader: profile == .bodyHex ? signatureHeader : nil,
        secretFile: secretFile, hasSecret: secretStdin || secretFile != nil)
      return connection.json ? try greeting.json() : greeting.text
    }
  }
}

extension Socket.Address {
  fileprivate var port: UInt16? {
    switch self {
    case .ip4(_, let port), .ip6(_, let port): port
    case .unix: nil
    }
  }
}
