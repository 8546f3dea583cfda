import ArgumentParser
import IntegrationClient
import ProtobufC

/// How much of a list to show.
struct PageOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Most rows of a page, 1 to 1000.", valueName: "rows"))
  var pageSize: Int32 = 50

  @Option(help: ArgumentHelp("Go on where a page ended.", valueName: "token"))
  var pageToken: String = ""

  @Flag(help: "Follow all pages.")
  var all = false
}

/// A page of a list, as every List answer has it.
protocol Page: Message {
  associatedtype Row
  var rows: [Row] { get }
  var nextPageToken: String { get }
}

extension PageOptions {
  /// Prints the page, or all from here on, as one table or as a line of JSON per page.
  /// - Parameter repeating: options that must be given again with the token of the next page.
  func show<P: Page>(
    json: Bool, ifEmpty nothing: String, repeating: String = "",
    table: (_ rows: [P.Row]) -> Table,
    fetch: (_ token: String) async throws -> P
  ) async throws {
    var token = pageToken
    var first = true
    while true {
      let page = try await fetch(token)
      token = page.nextPageToken
      if json {
        try print(JSON.text(of: page))
      } else if first || !page.rows.isEmpty {
        try print(table(page.rows).text(ifEmpty: nothing))
      }
      first = false
      guard all, !token.isEmpty else { break }
    }
    if !token.isEmpty, !json {
      writeError("more: \(repeating)--page-token \(token)")
    }
  }
}
