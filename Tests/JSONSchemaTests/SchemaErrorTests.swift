import JSONSchema
import Testing

@Suite struct SchemaErrorTests {
  @Test(
    "a keyword of a wrong shape is refused, and named",
    arguments: [
      ("\"type\":1", "/type"), ("\"type\":\"int\"", "/type"), ("\"type\":[]", "/type"),
      ("\"type\":[\"null\",\"null\"]", "/type"), ("\"type\":[1]", "/type/0"),
      ("\"enum\":1", "/enum"),
      ("\"maximum\":\"1\"", "/maximum"), ("\"minimum\":null", "/minimum"),
      ("\"exclusiveMaximum\":true", "/exclusiveMaximum"),
      ("\"exclusiveMinimum\":true", "/exclusiveMinimum"),
      ("\"multipleOf\":0", "/multipleOf"), ("\"multipleOf\":-1", "/multipleOf"),
      ("\"multipleOf\":1234567890123456789", "/multipleOf"),
      ("\"multipleOf\":\"1\"", "/multipleOf"),
      ("\"maxLength\":-1", "/maxLength"), ("\"minLength\":0.5", "/minLength"),
      ("\"maxItems\":\"1\"", "/maxItems"), ("\"minItems\":-1", "/minItems"),
      ("\"maxProperties\":[]", "/maxProperties"), ("\"minProperties\":-1", "/minProperties"),
      ("\"minContains\":-1", "/minContains"),
      ("\"contains\":true,\"maxContains\":-1", "/maxContains"),
      ("\"uniqueItems\":1", "/uniqueItems"), ("\"pattern\":1", "/pattern"),
      ("\"format\":1", "/format"),
      ("\"required\":\"a\"", "/required"), ("\"required\":[1]", "/required/0"),
      ("\"required\":[\"a\",\"a\"]", "/required"),
      ("\"dependentRequired\":[]", "/dependentRequired"),
      ("\"dependentRequired\":{\"a\":\"b\"}", "/dependentRequired/a"),
      ("\"dependencies\":1", "/dependencies"),
      ("\"dependencies\":{\"a\":1}", "/dependencies/a"), ("\"properties\":[]", "/properties"),
      ("\"additionalProperties\":false,\"properties\":[]", "/properties"),
      ("\"properties\":{\"a\":1}", "/properties/a"),
      ("\"patternProperties\":1", "/patternProperties"),
      ("\"patternProperties\":{\"a\":1}", "/patternProperties/a"),
      ("\"additionalProperties\":1", "/additionalProperties"),
      ("\"propertyNames\":\"\"", "/propertyNames"),
      ("\"dependentSchemas\":{\"a\":[]}", "/dependentSchemas/a"), ("\"items\":[{}]", "/items"),
      ("\"prefixItems\":[]", "/prefixItems"), ("\"prefixItems\":{}", "/prefixItems"),
      ("\"prefixItems\":1,\"items\":{}", "/prefixItems"), ("\"contains\":null", "/contains"),
      ("\"unevaluatedItems\":1", "/unevaluatedItems"),
      ("\"unevaluatedProperties\":1", "/unevaluatedProperties"),
      ("\"allOf\":{}", "/allOf"), ("\"anyOf\":[]", "/anyOf"), ("\"oneOf\":[1]", "/oneOf/0"),
      ("\"not\":1", "/not"), ("\"if\":1", "/if"), ("\"then\":1", "/then"),
      ("\"if\":{},\"else\":1", "/else"),
      ("\"$defs\":[]", "/$defs"), ("\"definitions\":{\"a\":1}", "/definitions/a"),
      ("\"$ref\":1", "/$ref"),
      ("\"$dynamicRef\":{}", "/$dynamicRef"), ("\"$id\":1", "/$id"), ("\"$id\":\"#a\"", "/$id"),
      ("\"$anchor\":\"\"", "/$anchor"), ("\"$anchor\":\"1a\"", "/$anchor"),
      ("\"$anchor\":\"a b\"", "/$anchor"),
      ("\"$dynamicAnchor\":null", "/$dynamicAnchor"), ("\"$schema\":1", "/$schema"),
    ])
  func shapes(keywords: String, pointer: String) {
    for (prefix, place) in [("{", ""), ("{\"properties\":{\"a/b\":{", "/properties/a~1b")] {
      let text = prefix + keywords + (place.isEmpty ? "}" : "}}}")
      let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(text.utf8)) }
      #expect(error?.pointer.text == place + pointer)
      guard case .wrongShape = error?.reason else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(error?.description.hasPrefix("\(place)\(pointer) must be ") == true)
    }
  }

  @Test("only an object or a boolean is a schema", arguments: ["1", "null", "[]", "\"a\""])
  func notASchema(text: String) {
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(text.utf8)) }
    #expect(error?.description == " must be a schema: an object or a boolean")
  }

  @Test("a schema that is not JSON is refused with the byte")
  func notJSON() {
    let error = #expect(throws: SchemaError.self) {
      try JSONSchema(parsing: Array("{\"a\":{\"b\":tru}}".utf8))
    }
    #expect(
      error?.description
        == "/a/b is not acceptable JSON: the byte 0x7d is not expected (byte 13, at /a/b)")
  }

  @Test(
    "a pattern that cannot be matched in linear time is refused, with the reason",
    arguments: [
      (
        "{\"pattern\":\"(a)\\\\1\"}",
        "/pattern must be a supported regular expression: "
          + "backreferences cannot be used (at character 3)"
      ),
      (
        "{\"patternProperties\":{\"(?=a)\":true}}",
        "/patternProperties/(?=a) must be a supported "
          + "regular expression: lookahead cannot be used (at character 0)"
      ),
      (
        "{\"additionalProperties\":true,\"patternProperties\":{\"[\":true}}",
        "/patternProperties/[ must "
          + "be a supported regular expression: a class is not closed (at character 0)"
      ),
    ])
  func patterns(schema: String, message: String) {
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(schema.utf8)) }
    #expect(error?.description == message)
  }

  @Test("other versions of JSON Schema are refused, also inside")
  func dialects() throws {
    for known in [
      "https://json-schema.org/draft/2020-12/schema",
      "https://json-schema.org/draft/2020-12/schema#",
      "http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft-07/schema",
    ] {
      _ = try JSONSchema(parsing: Array("{\"$schema\":\"\(known)\"}".utf8))
    }
    let other = "https://json-schema.org/draft/2019-09/schema"
    let error = #expect(throws: SchemaError.self) {
      try JSONSchema(parsing: Array("{\"$schema\":\"\(other)\"}".utf8))
    }
    #expect(error?.reason == .unknownDialect(other))
    let mixed =
      "{\"items\":{\"$id\":\"a\",\"$schema\":\"http://json-schema.org/draft-07/schema#\"}}"
    let inside = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(mixed.utf8)) }
    #expect(inside?.pointer.text == "/items/$schema")
  }

  @Test("the size of a schema is bounded")
  func limits() throws {
    let large = "{\"title\":\"\(String(repeating: "a", count: 65_536 - 12))\"}"
    #expect(large.utf8.count == 65_536)
    _ = try JSONSchema(parsing: Array(large.utf8))
    #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array("\(large) ".utf8)) }

    let deep =
      String(repeating: "{\"not\":", count: 64) + "true" + String(repeating: "}", count: 64)
    _ = try JSONSchema(parsing: Array(deep.utf8))
    #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array("{\"not\":\(deep)}".utf8)) }

    func wide(_ count: Int) -> [UInt8] {
      Array("{\"allOf\":[\(repeatElement("{}", count: count).joined(separator: ","))]}".utf8)
    }
    _ = try JSONSchema(parsing: wide(9_999))
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: wide(10_000)) }
    #expect(error?.reason == .tooManySubschemas(limit: 10_000))
    #expect(throws: SchemaError.self) {
      try JSONSchema(parsing: wide(4), limits: SchemaLimits(maxSubschemas: 4))
    }
  }

  @Test("patterns together are bounded")
  func patternStates() throws {
    let patterns = (0..<12).map { "{\"pattern\":\"a{4\($0 % 10)90}\"}" }
    func schema(_ count: Int) -> [UInt8] {
      Array("{\"allOf\":[\(patterns[..<count].joined(separator: ","))]}".utf8)
    }
    _ = try JSONSchema(parsing: schema(11))
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: schema(12)) }
    #expect(error?.reason == .patternsTooLarge(maxStates: 50_000))
    #expect(error?.pointer.text == "/allOf/11/pattern")
  }

  @Test("every reason has words of its own")
  func words() {
    let reasons: [SchemaError.Reason] = [
      .tooManySubschemas(limit: 1), .patternsTooLarge(maxStates: 1), .unknownDialect("a"),
      .wrongShape(expected: "a"), .remoteReference("a"), .unresolvedReference("a"),
      .endlessReference,
      .duplicateIdentifier("a"), .identifierTooLong(maxBytes: 1),
    ]
    #expect(Set(reasons.map(\.description)).count == reasons.count)
    #expect(ValidationError.tooComplex.description.hasPrefix("takes too much work"))
  }
}
