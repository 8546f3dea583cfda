/// `format: email`, the mailbox of RFC 5321 §4.1.2 as far as people use it: ASCII; before the `@`
/// words with dots between them or a quoted text, at most 64 bytes; behind it a domain name, or an
/// address in brackets. No comments, no obsolete forms.
enum EmailAddress {
  static func accepts(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count <= 254, let at = text.lastIndex(of: UInt8(ascii: "@")) else { return false }
    return isLocalPart(text[..<at]) && isDomain(text[(at + 1)...])
  }

  private static func isLocalPart(_ text: ArraySlice<UInt8>) -> Bool {
    guard 1...64 ~= text.count else { return false }
    if text.first == UInt8(ascii: "\"") { return isQuoted(text) }
    return text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { word in
        !word.isEmpty
          && word.allSatisfy { URIText.isAlphanumeric($0) || marks.contains($0) }
      }
  }

  private static let marks = Set("!#$%&'*+-/=?^_`{|}~".utf8)

  private static func isQuoted(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text.dropFirst()
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""): return rest.isEmpty
      case UInt8(ascii: "\\"):
        guard let escaped = rest.popFirst(), 0x20...0x7e ~= escaped else { return false }
      case 0x20...0x7e: break
      default: return false
      }
    }
    return false
  }

  private static func isDomain(_ text: ArraySlice<UInt8>) -> Bool {
    if text.first == UInt8(ascii: "["), text.last == UInt8(ascii: "]") {
      let literal = text.dropFirst().dropLast()
      let tag = "IPv6:".utf8
      return literal.starts(with: tag)
        ? AddressText.isIPv6(literal.dropFirst(tag.count)) : AddressText.isIPv4(literal)
    }
    return text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { label in
        1...63 ~= label.count && label.first != UInt8(ascii: "-")
          && label.last != UInt8(ascii: "-")
          && label.allSatisfy { URIText.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
      }
  }
}
