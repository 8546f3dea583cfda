package import ProtobufC

/// The message types of the contract, for programs that learn at run time what they hold.
package enum MessageCatalogue {
  private static let byName = Dictionary(
    all.map { ($0.descriptor.fullName, $0) }, uniquingKeysWith: { first, _ in first })

  /// The type of the message of that full name, as in `integration.v1.Tenant`.
  package static func type(named fullName: String) -> (any Message.Type)? {
    byName[fullName]
  }
}
