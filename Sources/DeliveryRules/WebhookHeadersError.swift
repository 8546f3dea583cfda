/// What a header breaks. The description can follow ``WebhookHeadersError/field``.
package enum HeaderRule: Sendable, Hashable {
  /// A name of so many bytes.
  case nameLength(Int)
  case nameNotToken
  case reserved
  /// The name is there before, in whatever case.
  case repeated
  /// A value of so many bytes. None is refused: clients differ in how they send it.
  case valueLength(Int)
  /// Line ends, NUL, other control characters, or what is not ASCII.
  case valueNotVisible
  case valueBlankAtEnd
}

/// Which custom header breaks which rule. It shows no value, and no name that is not one.
package enum WebhookHeadersError: Error, Sendable, Hashable {
  /// So many headers.
  case tooMany(Int)
  /// So many bytes.
  case tooLarge(Int)
  /// - `name`: nil when the name itself is not well-formed.
  case header(index: Int, name: String?, HeaderRule)

  /// The field at fault below the list, as in `[3].name`; empty for the list itself.
  package var field: String {
    switch self {
    case .tooMany, .tooLarge: ""
    case .header(let index, _, let rule):
      switch rule {
      case .nameLength, .nameNotToken, .reserved, .repeated: "[\(index)].name"
      case .valueLength, .valueNotVisible, .valueBlankAtEnd: "[\(index)].value"
      }
    }
  }
}

extension WebhookHeadersError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooMany(let count): "must be at most \(WebhookHeaders.maxCount) headers, not \(count)"
    case .tooLarge(let bytes):
      "must be at most \(WebhookHeaders.maxBytes) bytes in all, not \(bytes)"
    case .header(_, nil, let rule): rule.description
    case .header(_, let name?, let rule): "\(rule) (\(name))"
    }
  }
}

extension HeaderRule: CustomStringConvertible {
  package var description: String {
    switch self {
    case .nameLength(let count):
      "must be 1 to \(WebhookHeaders.maxNameBytes) bytes long, not \(count)"
    case .nameNotToken: "must be a header name: ASCII letters, digits and any of !#$%&'*+-.^_`|~"
    case .reserved: "must be a header that is not set by the daemon or the connection"
    case .repeated: "must be there only once"
    case .valueLength(let count):
      "must be 1 to \(WebhookHeaders.maxValueBytes) bytes long, not \(count)"
    case .valueNotVisible: "must be visible ASCII characters, blanks and tabs"
    case .valueBlankAtEnd: "must neither begin nor end with a blank or a tab"
    }
  }
}
