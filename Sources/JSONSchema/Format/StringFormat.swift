/// A `format` that can be asserted (validation §7.3). All others are annotations in any case.
enum StringFormat: String, Sendable, CaseIterable {
  case dateTime = "date-time"
  case date
  case time
  case email
  case uuid
  case uri
  case ipv4
  case ipv6

  func accepts(_ text: ArraySlice<UInt8>) -> Bool {
    switch self {
    case .dateTime: Timestamp.isDateTime(text)
    case .date: Timestamp.isDate(text)
    case .time: Timestamp.isTime(text)
    case .email: EmailAddress.accepts(text)
    case .uuid: UUIDText.accepts(text)
    case .uri: URIText.accepts(text)
    case .ipv4: AddressText.isIPv4(text)
    case .ipv6: AddressText.isIPv6(text)
    }
  }

  /// Completes "must be ".
  var phrase: String {
    switch self {
    case .dateTime: "a date and time as in 2026-01-31T23:59:59Z (RFC 3339)"
    case .date: "a date as in 2026-01-31"
    case .time: "a time with its offset as in 23:59:59Z (RFC 3339)"
    case .email: "an e-mail address"
    case .uuid: "a UUID"
    case .uri: "an absolute URI (RFC 3986)"
    case .ipv4: "an IPv4 address"
    case .ipv6: "an IPv6 address"
    }
  }
}

/// `format: uuid` (RFC 9562 §4): 32 hexadecimal digits of either case, grouped 8-4-4-4-12.
enum UUIDText {
  static func accepts(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count == 36 else { return false }
    let groups = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return groups.map(\.count) == [8, 4, 4, 4, 12]
      && groups.joined().allSatisfy { UTF8Text.hexDigit($0) != nil }
  }
}
