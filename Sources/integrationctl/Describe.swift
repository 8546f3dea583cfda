import ArgumentParser
import IntegrationAPI
import ProtobufC
import TTRPC

struct Describe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Explain a service, method, message or enum of the contract.",
    discussion: """
      NAME is a full name, as in integration.v1.ApiKeyService, \
      integration.v1.ApiKeyService/VerifyApiKey or integration.v1.ApiKey. The package \
      integration.v1 may be left out.
      """)
  @Argument(help: "What to explain.") var name: String

  func run() throws {
    for candidate in [name, "integration.v1.\(name)"] {
      if let text = Description.of(candidate) {
        try print(text)
        return
      }
    }
    throw ValidationError(
      "the contract has no \(name); `integrationctl services` lists what it has")
  }
}

/// What the contract says about one of its names.
enum Description {
  static func of(_ name: String) -> String? {
    if let service = ServiceCatalogue.service(named: name) { return describe(service) }
    if let method = MethodArgument(argument: name)?.method { return describe(method) }
    if let message = MessageCatalogue.type(named: name) { return describe(message.descriptor) }
    return enumerations[name].map(describe)
  }

  private static func describe(_ service: ServiceCatalogue.Service) -> String {
    let methods = service.methods.map { method in
      "  rpc \(method.name.method)(\(request(of: method))) returns (\(response(of: method)))\n"
        + comment(method.documentation, indent: 4)
    }
    return "service \(service.name)\n" + comment(service.documentation, indent: 2) + "\n"
      + methods.joined(separator: "\n")
  }

  private static func describe(_ method: ServiceCatalogue.Method) -> String {
    """
    rpc \(method.name.method)(\(request(of: method))) returns (\(response(of: method)))
    \(comment(method.documentation, indent: 2))
    \(describe(method.request.descriptor))
    \(describe(method.response.descriptor))
    """
  }

  private static func describe(_ message: MessageDescriptor) -> String {
    let fields = message.fields.map { field in
      let text = Documentation.text(of: "\(message.fullName).\(field.name)") ?? ""
      return "  \(field.jsonName): \(type(of: field))\n" + comment(text, indent: 4)
    }
    return "message \(message.fullName)\n"
      + comment(Documentation.text(of: message.fullName) ?? "", indent: 2) + "\n"
      + fields.joined()
  }

  private static func describe(_ enumeration: EnumDescriptor) -> String {
    let values = enumeration.values.map { value in
      let text = Documentation.text(of: "\(enumeration.fullName).\(value.name)") ?? ""
      return "  \(value.name) = \(value.number)\n" + comment(text, indent: 4)
    }
    return "enum \(enumeration.fullName)\n"
      + comment(Documentation.text(of: enumeration.fullName) ?? "", indent: 2) + "\n"
      + values.joined()
  }

  private static func request(of method: ServiceCatalogue.Method) -> String {
    (method.kind.clientStreams ? "stream " : "") + method.request.descriptor.shortName
  }

  private static func response(of method: ServiceCatalogue.Method) -> String {
    (method.kind.serverStreams ? "stream " : "") + method.response.descriptor.shortName
  }

  private static func type(of field: FieldDescriptor) -> String {
    let one =
      switch field.kind {
      case .enumeration(let enumeration): enumeration.fullName
      case .message(let message): message.fullName
      default: "\(field.kind)"
      }
    return field.isRepeated ? "list of \(one)" : one
  }

  private static func comment(_ text: String, indent: Int) -> String {
    guard !text.isEmpty else { return "" }
    let margin = String(repeating: " ", count: indent)
    return text.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "\n" : "\(margin)\($0)\n" }.joined()
  }

  /// Every enum that a message of the contract uses, by full name.
  private static var enumerations: [String: EnumDescriptor] {
    var found: [String: EnumDescriptor] = [:]
    for message in MessageCatalogue.all {
      for case .enumeration(let enumeration) in message.descriptor.fields.map(\.kind) {
        found[enumeration.fullName] = enumeration
      }
    }
    return found
  }
}

extension MethodKind {
  /// As in `server streaming`.
  var words: String {
    switch self {
    case .unary: "unary"
    case .serverStreaming: "server streaming"
    case .clientStreaming: "client streaming"
    case .bidirectional: "bidirectional"
    }
  }
}

extension Documentation {
  /// A comment up to its first full stop, on one line.
  static func firstSentence(_ text: String) -> String {
    let line = text.split(separator: "\n").joined(separator: " ")
    guard let end = line.firstRange(of: ". ")?.lowerBound else { return line }
    return String(line[...end]).trimmingSuffix(" ")
  }
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: Character) -> String {
    String(reversed().drop { $0 == suffix }.reversed())
  }
}
