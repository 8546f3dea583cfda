import ArgumentParser
import IntegrationAPI
import IntegrationClient
import ProtobufC
import TTRPC

struct Call: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make any call, with the request as proto3 JSON.",
    discussion: """
      Prints the answer as JSON; of a stream of answers, one a line until it ends. Without JSON, or \
      with `-`, the request is read from standard input; where the caller streams, one request a \
      line. `describe METHOD` tells what a request may hold.
      """)
  @OptionGroup var connection: ConnectionOptions
  @Argument(help: "As in integration.v1.TenantService/GetTenant.") var method: MethodArgument
  @Argument(help: "The request. An empty object when left out and nothing is piped in.")
  var request: String?

  func run() async throws {
    let method = method.method
    let requests = try requests(of: method)
    try await connection.withClient { client, options in
      try await exchange(
        requests, method, method.request, method.response, on: client.channel, options)
    }
  }

  /// The requests as JSON: one, or a line each where the caller streams.
  private func requests(of method: ServiceCatalogue.Method) throws -> [[UInt8]] {
    let text: String
    switch request {
    case "-"?: text = readStandardInput()
    case let given?: text = given
    case nil: text = standardInputIsTerminal ? "{}" : readStandardInput()
    }
    guard method.kind.clientStreams else { return [Array(text.isEmpty ? "{}".utf8 : text.utf8)] }
    return text.split(separator: "\n", omittingEmptySubsequences: true).map { Array($0.utf8) }
  }

  private func exchange<Request: Message, Response: Message>(
    _ requests: [[UInt8]], _ method: ServiceCatalogue.Method, _: Request.Type,
    _: Response.Type, on channel: any RPCChannel, _ options: CallOptions
  ) async throws {
    let messages = try requests.map(decode) as [Request]
    switch method.kind {
    case .unary:
      let answer: Response = try await channel.unary(method.name, messages[0], options)
      try print(JSON.text(of: answer))
    case .serverStreaming:
      let answers: ResponseStream<Response> = try await channel.serverStreaming(
        method.name, messages[0], options)
      for try await answer in answers { try print(JSON.text(of: answer)) }
    case .clientStreaming:
      let call: ClientStreamingCall<Request, Response> = try await channel.clientStreaming(
        method.name, options)
      for message in messages { try await call.requests.write(message) }
      await call.requests.finish()
      try print(JSON.text(of: try await call.response()))
    case .bidirectional:
      let call: BidirectionalCall<Request, Response> = try await channel.bidirectional(
        method.name, options)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          for message in messages { try await call.requests.write(message) }
          await call.requests.finish()
        }
        for try await answer in call.responses { try print(JSON.text(of: answer)) }
        try await group.waitForAll()
      }
    }
  }

  private func decode<Request: Message>(_ json: [UInt8]) throws -> Request {
    do {
      return try Request(jsonUTF8: json)
    } catch {
      let faults = error.violations.map { "\($0.field): \($0.description)" }
      throw ValidationError(
        "the request is no \(Request.descriptor.fullName): "
          + (faults.isEmpty ? error.summary : faults.joined(separator: "; ")))
    }
  }
}

/// The full name of a method of the contract.
struct MethodArgument: ExpressibleByArgument {
  let method: ServiceCatalogue.Method

  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2,
      let method = ServiceCatalogue.method(
        MethodName(service: String(parts[0]), method: String(parts[1])))
    else { return nil }
    self.method = method
  }

  static var allValueStrings: [String] {
    ServiceCatalogue.all.flatMap { $0.methods.map(\.name.description) }
  }
}
