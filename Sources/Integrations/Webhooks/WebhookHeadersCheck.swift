internal import DeliveryRules
internal import IntegrationAPI

extension RequestCheck {
  /// The headers of a new webhook.
  mutating func newHeaders(
    _ headers: [WebhookHeader], for authentication: WebhookAuthentication, _ field: String
  ) -> [CustomHeader] {
    for (index, header) in headers.enumerated()
    where header.value.utf8.elementsEqual(MaskedHeader.value.utf8) {
      refuse("\(field)[\(index)].value", "stands for a value that is kept, and there is none")
    }
    return checkedHeaders(headers.map(CustomHeader.init), for: authentication, field)
  }

  /// The headers an update sets, as far as they can be checked without what is stored.
  mutating func changedHeaders(_ headers: [WebhookHeader], _ field: String) -> [CustomHeader] {
    checkedHeaders(headers.map(CustomHeader.init), for: .none, field)
  }

  /// Refuses what requests cannot have as headers.
  mutating func checkedHeaders(
    _ headers: [CustomHeader], for authentication: WebhookAuthentication, _ field: String
  ) -> [CustomHeader] {
    do throws(WebhookHeadersError) {
      return try authentication.headers(headers).headers
    } catch {
      refuse("\(field)\(error.field)", "\(error)")
      return []
    }
  }
}

extension CustomHeader {
  init(_ header: WebhookHeader) { self.init(name: header.name, value: header.value) }

  func isNamed(as other: CustomHeader) -> Bool { name.lowercased() == other.name.lowercased() }
}
