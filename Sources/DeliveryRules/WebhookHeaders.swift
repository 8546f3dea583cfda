/// The header fields that a tenant adds to every request of a webhook, checked: none can end its
/// line, replace what the request needs, or be taken for a signature of ours.
///
/// `User-Agent` and `Forwarded` may be set; a custom `User-Agent` replaces the daemon's.
package struct WebhookHeaders: Sendable, Hashable {
  package static let maxCount = 32
  /// Bytes of all names and values together.
  package static let maxBytes = 8192
  /// Bytes of one name.
  package static let maxNameBytes = 64
  /// Bytes of one value.
  package static let maxValueBytes = 4096
  /// No header.
  package static let none = WebhookHeaders(unchecked: [])

  /// In the order they are sent in.
  package let headers: [CustomHeader]

  /// - Parameters:
  ///   - daemonSetsAuthorization: whether the webhook authenticates as basic or bearer, so that
  ///     `Authorization` is taken.
  ///   - signatureHeader: the name of the signature's header, if the webhook signs.
  /// - Throws: ``WebhookHeadersError``, for the first header that breaks a rule.
  package init(
    _ headers: [CustomHeader], daemonSetsAuthorization: Bool, signatureHeader: String?
  ) throws(WebhookHeadersError) {
    guard headers.count <= Self.maxCount else { throw .tooMany(headers.count) }
    var taken = Set(Self.reserved.map(lowercased))
    if daemonSetsAuthorization { taken.insert(lowercased("authorization")) }
    if let signatureHeader { taken.insert(lowercased(signatureHeader)) }
    var seen: Set<[UInt8]> = []
    var bytes = 0
    for (index, header) in headers.enumerated() {
      if let rule = Self.brokenRule(name: header.name) {
        throw .header(index: index, name: nil, rule)
      }
      let name = lowercased(header.name)
      let isReserved =
        taken.contains(name) || Self.reservedPrefixes.contains { name.starts(with: $0.utf8) }
      let isRepeated = !seen.insert(name).inserted
      let rule: HeaderRule? =
        isReserved ? .reserved : isRepeated ? .repeated : Self.brokenRule(value: header.value)
      if let rule { throw .header(index: index, name: header.name, rule) }
      bytes += header.name.utf8.count + header.value.utf8.count
    }
    guard bytes <= Self.maxBytes else { throw .tooLarge(bytes) }
    self.headers = headers
  }

  private init(unchecked headers: [CustomHeader]) { self.headers = headers }
}

extension WebhookHeaders {
  /// What the daemon sets itself, what belongs to the connection, what would lie about the body, and
  /// signatures that would look like ours.
  private static let reserved = [
    "accept-encoding", "connection", "content-encoding", "content-length", "content-range",
    "content-transfer-encoding", "content-type", "cookie", "date", "expect", "host",
    "http2-settings", "keep-alive", "set-cookie", "stripe-signature", "te", "trailer",
    "transfer-encoding", "upgrade", "via", "x-hub-signature", "x-hub-signature-256",
  ]
  private static let reservedPrefixes = ["proxy-", "webhook-"]

  private static func brokenRule(name: String) -> HeaderRule? {
    if !(1...maxNameBytes).contains(name.utf8.count) { return .nameLength(name.utf8.count) }
    return name.utf8.allSatisfy(isTokenByte) ? nil : .nameNotToken
  }

  private static func brokenRule(value: String) -> HeaderRule? {
    guard (1...maxValueBytes).contains(value.utf8.count) else {
      return .valueLength(value.utf8.count)
    }
    guard value.utf8.allSatisfy({ isBlank($0) || (0x21...0x7E).contains($0) }) else {
      return .valueNotVisible
    }
    if let first = value.utf8.first, let last = value.utf8.last, isBlank(first) || isBlank(last) {
      return .valueBlankAtEnd
    }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  /// `tchar` of RFC 9110 §5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
