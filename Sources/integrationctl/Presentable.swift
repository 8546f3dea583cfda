import ArgumentParser
import IntegrationClient
import ProtobufC

/// Something that can be shown as named fields.
protocol Presentable {
  var fields: [(name: String, value: String)] { get }
}

extension ConnectionOptions {
  /// Prints an answer as JSON, or what it holds as fields.
  func show(
    _ answer: some Message, _ thing: (any Presentable)?,
    also extra: [(name: String, value: String)] = []
  ) throws {
    if json {
      try print(JSON.text(of: answer))
    } else {
      try print(Table.fields((thing?.fields ?? []) + extra))
    }
  }
}

extension ConnectionOptions {
  /// Says on standard error what could be done next; nothing with `--json`, which programs read.
  func hint(_ text: String) {
    if !json { writeError(text) }
  }
}

/// An enum of the contract as an argument, spelt as ``Format/word(_:)`` shows it; underscores are
/// understood too.
struct Choice<E: ProtoEnum>: ExpressibleByArgument {
  let value: E

  init(_ value: E) { self.value = value }

  init?(argument: String) {
    let spelling = argument.lowercased().replacing("_", with: "-")
    let match = E.descriptor.values.first {
      $0.number != 0 && Format.word(E(rawValue: $0.number)) == spelling
    }
    guard let match else { return nil }
    value = E(rawValue: match.number)
  }

  var defaultValueDescription: String { Format.word(value) }

  static var allValueStrings: [String] { Format.names(of: E.self) }
}
