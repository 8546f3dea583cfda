import KeyRules
import Testing

@Suite struct EndpointTests {
  private func matches(_ pattern: String, _ text: String) throws -> Bool {
    guard let endpoint = Endpoint(text) else { return false }
    return try EndpointPattern(pattern).matches(endpoint)
  }

  @Test(
    "a pattern matches what it describes",
    arguments: [
      ("GET /v1/students/{id}", "GET /v1/students/7"), ("GET /", "GET /"), ("GET /**", "GET /"),
      ("GET /v1/students/{id}/**", "GET /v1/students/7"),
      ("GET /v1/students/{id}/**", "GET /v1/students/7/marks/2024/"),
      ("* /v1/*", "DELETE /v1/x"), ("* /v1/*", "M-SEARCH /v1/x"),
      ("GET /v1/students/", "GET /v1/students/"), ("GET /a%20b", "GET /a%20b"),
      ("GET /a%62c", "GET /abc"), ("GET /caf%C3%A9", "GET /café"), ("GET /v1", "GET /v1?x=1/2"),
      ("GET /%252e", "GET /%252e"), ("GET /a;b", "GET /a;b"),
      ("GET /.well-known/x", "GET /.well-known/x"),
      ("GET /...", "GET /..."), ("GET /%3F", "GET /%3f"),
      ("payments.v1.Payments/Charge", "payments.v1.Payments/Charge"),
      ("payments.v1.Payments/*", "payments.v1.Payments/Charge"),
      ("payments.v1.Payments/{method}", "payments.v1.Payments/Charge"),
      ("payments.v1.Payments/**", "payments.v1.Payments/Charge"), ("*/Charge", "a.B/Charge"),
      ("**", "a.B/C"), ("*/*", "a.B/C"),
    ])
  func matching(pattern: String, endpoint: String) throws {
    #expect(try matches(pattern, endpoint))
  }

  @Test(
    "a pattern matches nothing else",
    arguments: [
      ("GET /v1/students/{id}", "POST /v1/students/7"),
      ("GET /v1/students/{id}", "GET /v1/students"),
      ("GET /v1/students/{id}", "GET /v1/students/"),
      ("GET /v1/students/{id}", "GET /v1/students/7/x"),
      ("GET /v1/students/{id}", "GET /v2/v1/students/7"), ("GET /v1/x", "GET /V1/x"),
      ("GET /v1/x", "GET /v1/xy"), ("GET /v1/x", "GET /v1/x/"), ("GET /v1/x/", "GET /v1/x"),
      ("GET /v1/**", "GET /v2"), ("GET /v1/{id}/**", "GET /v1"), ("GET /*", "GET /"),
      ("* /**", "a.B/C"), ("**", "GET /a"), ("*/*", "GET /a"), ("a.B/C", "GET /a.B/C"),
      ("a.B/C", "a.B/D"), ("a.B/C", "a.b/C"), ("GET /a", "GETT /a"), ("GET /a/*/c", "GET /a//c"),
    ])
  func refusing(pattern: String, endpoint: String) throws {
    #expect(try !matches(pattern, endpoint))
  }

  @Test(
    "what readers disagree about is no endpoint, so nothing matches it",
    arguments: [
      "", " ", "GET", "GET ", "GET  /a", " /a", "GET a", "get /a", "GET /a b", "GET\t/a", "-GET /a",
      "GET //", "GET //a", "GET /a//b", "GET /a%2Fb", "GET /a%2fb", "GET /a%00", "GET /a\0",
      "GET /a%0d%0a", "GET /a%7f", "GET /.", "GET /..", "GET /a/../b", "GET /a/./b",
      "GET /%2e%2e/b",
      "GET /.%2E/b", "GET /..;x/b", "GET /.;/b", "GET /%2e%2e%3bx/b", "GET /a\\b", "GET /a%5cb",
      "GET /a%", "GET /a%2", "GET /a%zz", "GET /a%%20", "GET /a#b", "GET ?x", "GET http://h/a",
      "a.B", "a.B/", "/a.B/C", "a.B/C/D", "a..B/C", ".a/C", "a./C", "1a/C", "a-b/C", "a.B/C?x",
      "a.B//C", "é/C", "G\u{301}ET /a", String(repeating: "A", count: 33) + " /",
    ])
  func noEndpoint(text: String) throws {
    #expect(Endpoint(text) == nil)
  }

  @Test(
    "a pattern that could surprise is refused with the reason",
    arguments: [
      ("", EndpointPatternError.invalidName), ("a", .invalidName), ("*", .invalidName),
      ("/v1/students", .invalidName), ("a.B/C/D", .invalidName), ("a.*/C", .partialWildcard),
      ("a-b/C", .invalidName), ("*/**/x", .restNotLast), ("a.B/C/**", .invalidName),
      ("get /a", .invalidMethod), ("G* /a", .invalidMethod), (" /a", .invalidMethod),
      ("GET,POST /a", .invalidMethod), ("GET", .invalidName), ("GET ", .noPath), ("GET a", .noPath),
      ("GET  /a", .noPath), ("GET /a//b", .emptySegment), ("GET //", .emptySegment),
      ("GET /**/a", .restNotLast), ("GET /a*", .partialWildcard), ("GET /***", .partialWildcard),
      ("GET /a{id}", .partialWildcard), ("GET /{id}x", .invalidVariable),
      ("GET /{}", .invalidVariable),
      ("GET /{a-b}", .invalidVariable), ("GET /{1}", .invalidVariable),
      ("GET /{id", .invalidVariable),
      ("GET /id}", .partialWildcard), ("GET /a/../b", .unsafePath), ("GET /%2e", .unsafePath),
      ("GET /a%2fb", .unsafePath), ("GET /a?x=1", .unsafePath), ("GET /a#x", .unsafePath),
      ("GET /a b", .unsafePath), ("GET /a\\b", .unsafePath), ("GET /a%", .unsafePath),
      ("GET /a\u{7f}", .unsafePath),
    ])
  func refusedPatterns(text: String, expected: EndpointPatternError) {
    #expect(throws: expected) { try EndpointPattern(text) }
    #expect(!"\(expected)".isEmpty)
  }

  @Test("random patterns decide as a plain recursive reference does")
  func reference() throws {
    var generator = SeededGenerator(state: 41)
    let words = ["a", "b", "A", "7", "a.b", "%61"]
    for _ in 0..<20_000 {
      var parts = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
        (words + ["*", "{id}"]).randomElement(using: &generator) ?? "a"
      }
      if Int.random(in: 0..<3, using: &generator) == 0 { parts.append("**") }
      let actual = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
        words.randomElement(using: &generator) ?? "a"
      }
      let method = ["GET", "PUT", "*"].randomElement(using: &generator) ?? "*"
      let expected = (method != "PUT") && agree(parts[...], actual[...])
      let pattern = "\(method) /\(parts.joined(separator: "/"))"
      #expect(try matches(pattern, "GET /\(actual.joined(separator: "/"))") == expected)
    }
  }

  @Test("noise is refused or read, never fatal, and a literal pattern matches itself")
  func noise() throws {
    var generator = SeededGenerator(state: 43)
    let alphabet = Array("GETa1/*{}.%2eF? ;\\_-\u{7f}é".unicodeScalars)
    for _ in 0..<20_000 {
      var text = Bool.random(using: &generator) ? "GET /" : ""
      for _ in 0..<Int.random(in: 0...16, using: &generator) {
        text.unicodeScalars.append(alphabet.randomElement(using: &generator) ?? "a")
      }
      let endpoint = Endpoint(text)
      do {
        let pattern = try EndpointPattern(text)
        if let endpoint, !text.contains("*"), !text.contains("{") {
          #expect(pattern.matches(endpoint))
        }
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  private func agree(_ pattern: ArraySlice<String>, _ actual: ArraySlice<String>) -> Bool {
    guard let first = pattern.first else { return actual.isEmpty }
    if first == "**" { return true }
    guard let segment = actual.first else { return false }
    let plain = { (text: String) in text == "%61" ? "a" : text }
    guard first == "*" || first == "{id}" || plain(first) == plain(segment) else { return false }
    return agree(pattern.dropFirst(), actual.dropFirst())
  }
}
