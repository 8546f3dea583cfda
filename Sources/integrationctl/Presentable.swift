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
  ) {
    if json {
      print(text(of: answer.jsonUTF8()))
    } else {
      print(Table.fields((thing?.fields ?? []) + extra))
    }
  }
}

/// An enum of the contract as an argument, spelt as ``Format/name(_:)`` shows it.
extension ExpressibleByArgument where Self: ProtoEnum {
  public init?(argument: String) {
    let match = Self.descriptor.values.first {
      $0.number != 0 && Format.name(Self(rawValue: $0.number)) == argument.lowercased()
    }
    guard let match else { return nil }
    self.init(rawValue: match.number)
  }

  public static var allValueStrings: [String] { Format.names(of: Self.self) }
}

extension TenantState: @retroactive ExpressibleByArgument {}
extension Environment: @retroactive ExpressibleByArgument {}
extension ApiKeyState: @retroactive ExpressibleByArgument {}
extension UsageGranularity: @retroactive ExpressibleByArgument {}
