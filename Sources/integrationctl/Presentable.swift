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
      print(try JSON.text(of: answer))
    } else {
      print(Table.fields((thing?.fields ?? []) + extra))
    }
  }
}

/// An enum of the contract as an argument, spelt as ``Format/name(_:)`` shows it.
struct Choice<E: ProtoEnum>: ExpressibleByArgument {
  let value: E

  init(_ value: E) { self.value = value }

  init?(argument: String) {
    let match = E.descriptor.values.first {
      $0.number != 0 && Format.name(E(rawValue: $0.number)) == argument.lowercased()
    }
    guard let match else { return nil }
    value = E(rawValue: match.number)
  }

  var defaultValueDescription: String { Format.name(value) }

  static var allValueStrings: [String] { Format.names(of: E.self) }
}
