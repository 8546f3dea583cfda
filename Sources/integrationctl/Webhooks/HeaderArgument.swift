import ArgumentParser
import IntegrationClient

/// A header as people write it: `Name: value`. The daemon checks the rest.
struct HeaderArgument: ExpressibleByArgument, Equatable {
  let name: String
  let value: String

  init?(argument: String) {
    guard let colon = argument.firstIndex(of: ":"),
      !argument.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return nil }
    let name = argument[..<colon]
    guard !name.isEmpty, !name.contains(" ") else { return nil }
    self.name = String(name)
    value = String(Self.trimmed(argument[argument.index(after: colon)...]))
  }

  /// The headers of a file, one a line; empty lines are skipped.
  static func parse(file path: String) throws -> [HeaderArgument] {
    let lines = String(decoding: try InputBytes.of(file: path), as: UTF8.self)
      .split(whereSeparator: \.isNewline)
    return try lines.enumerated().map { index, line in
      guard let header = HeaderArgument(argument: String(line)) else {
        throw ValidationError("\(path): line \(index + 1) is no 'Name: value'")
      }
      return header
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return text
  }
}

/// What the requests of a webhook are like.
struct RequestOptions: ParsableArguments {
  /// The methods a webhook may use.
  enum Method: String, CaseIterable, ExpressibleByArgument {
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"

    init?(argument: String) { self.init(rawValue: argument.uppercased()) }
  }

  @Option(
    name: .customLong("header"),
    help: ArgumentHelp("Sent with every request. Repeatable.", valueName: "Name: value"))
  var headers: [HeaderArgument] = []
  @Option(
    help: ArgumentHelp(
      "More headers, one a line, for those that hold a secret.", valueName: "file"))
  var headerFile: String?
  @Option(help: "How to send. Default: POST.") var method: Method?
  @Option(
    help: ArgumentHelp(
      "How long an attempt may take, 1s to 30s. Default: 15s.", valueName: "span"))
  var attemptTimeout: Span?

  /// Whether any header is given.
  var namesHeaders: Bool { !headers.isEmpty || headerFile != nil }

  /// The headers of the arguments, then those of the file.
  func allHeaders() throws -> [WebhookHeader] {
    (headers + (try headerFile.map(HeaderArgument.parse(file:)) ?? []))
      .map { WebhookHeader(name: $0.name, value: $0.value) }
  }
}
