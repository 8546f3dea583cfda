internal import SwiftProtobufPluginLibrary

/// A method as Swift sees it.
struct MethodForm {
  let method: MethodDescriptor
  let names: TypeNames

  var name: String { SwiftNames.lowerCamel(method.name) }
  var request: String { names.name(of: method.inputType) }
  var response: String { names.name(of: method.outputType) }

  /// As TTRPC's `MethodKind` has it.
  var kind: String {
    switch (method.clientStreaming, method.serverStreaming) {
    case (false, false): "unary"
    case (false, true): "serverStreaming"
    case (true, false): "clientStreaming"
    case (true, true): "bidirectional"
    }
  }

  var isUnary: Bool { !method.clientStreaming && !method.serverStreaming }

  /// What an implementation takes, in the order in which `MethodDefinition` hands it over.
  var serverParameters: [String] {
    let requests =
      method.clientStreaming ? "requests: RequestStream<\(request)>" : "_ request: \(request)"
    let responses = method.serverStreaming ? ["responses: ResponseWriter<\(response)>"] : []
    return [requests] + responses + ["_ call: CallContext"]
  }

  /// What follows the parameters of an implementation.
  var serverResult: String {
    method.serverStreaming ? " async throws" : " async throws -> \(response)"
  }

  var clientParameters: [String] {
    (method.clientStreaming ? [] : ["_ request: \(request)"])
      + ["options: CallOptions = CallOptions()"]
  }

  /// What a client's method answers.
  var clientResult: String {
    switch (method.clientStreaming, method.serverStreaming) {
    case (false, false): response
    case (false, true): "ResponseStream<\(response)>"
    case (true, false): "ClientStreamingCall<\(request), \(response)>"
    case (true, true): "BidirectionalCall<\(request), \(response)>"
    }
  }

  /// What a client's method hands to the channel after the method's name.
  var clientArguments: [String] { method.clientStreaming ? ["options"] : ["request", "options"] }
}
