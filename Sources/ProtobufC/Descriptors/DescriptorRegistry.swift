/// Every message, enumeration and service of `proto/`, by full name.
///
/// JSON needs it to read and print `google.protobuf.Any`; contract tests compare it with what is
/// served.
public enum DescriptorRegistry {
  /// In alphabetical order of their full names.
  public static let messages: [MessageDescriptor] = generatedMessages
  /// In alphabetical order of their full names.
  public static let enums: [EnumDescriptor] = generatedEnums
  /// In alphabetical order of their full names.
  public static let services: [ServiceDescriptor] = generatedServices

  private static let messagesByName = Dictionary(
    messages.map { ($0.fullName, $0) }, uniquingKeysWith: { first, _ in first })

  /// The message of that full name, as in `google.rpc.RetryInfo`.
  public static func message(named fullName: String) -> MessageDescriptor? {
    messagesByName[fullName]
  }

  /// The message an `Any` holds. Whatever stands before the last slash of the URL is not looked at
  /// (protobuf.dev, "Any").
  public static func message(typeURL: String) -> MessageDescriptor? {
    guard let slash = typeURL.lastIndex(of: "/") else { return nil }
    return message(named: String(typeURL[typeURL.index(after: slash)...]))
  }
}
