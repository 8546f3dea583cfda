/// Page tokens of a list that is sorted by name: `<code>.<last name>`, where the code is a token of
/// ``PageTokens`` for a question that holds the name. Neither a code nor a question is good for
/// another name.
struct EventTypePages: Sendable {
  let tokens: PageTokens
  /// As in `integration.v1.EventTypeService/ListEventTypes`.
  let listing: String
  let tenant: TenantID
  let filters: [String]

  /// The token that asks for what follows `name`.
  func token(after name: String) -> String {
    tokens.token(Self.nowhere, for: question(after: name)) + "." + name
  }

  /// The name that the asked page follows. Empty: the first page.
  /// - Throws: ``ServiceError`` `invalidArgument` on `page_token`.
  func lastName(_ token: String) throws(ServiceError) -> String {
    guard !token.isEmpty else { return "" }
    // A code and the longest name are shorter; a text is not searched before its length is known.
    guard token.utf8.count <= 512 else { throw PageTokens.refusal }
    // A code holds no dot. Without one, or in front of the first, there is no code of ours.
    let parts = token.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let name = parts.count == 2 ? String(parts[1]) : ""
    let code = parts[0].isEmpty ? "." : String(parts[0])
    _ = try tokens.cursor(code, for: question(after: name))
    return name
  }

  /// The name says it all.
  private static let nowhere = PageCursor(unixMicroseconds: 0)

  private func question(after name: String) -> PageTokens.Question {
    PageTokens.Question(listing, tenant: tenant, filters: filters + [name])
  }
}
