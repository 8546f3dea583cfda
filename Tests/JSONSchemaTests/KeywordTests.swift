import JSONSchema
import Testing

/// One table for each keyword: a schema, a document, and what is said about it. Nothing said is
/// valid.
@Suite struct KeywordTests {
  @Test(
    "type",
    arguments: [
      ("\"integer\"", "1", nil), ("\"integer\"", "1.0", nil), ("\"integer\"", "1e400", nil),
      ("\"integer\"", "0.5", " must be an integer"),
      ("\"integer\"", "\"1\"", " must be an integer"),
      ("\"number\"", "0.5", nil), ("\"number\"", "null", " must be a number"),
      ("\"null\"", "null", nil), ("\"null\"", "0", " must be null"), ("\"boolean\"", "false", nil),
      ("\"boolean\"", "0", " must be a boolean"), ("\"string\"", "\"\"", nil),
      ("\"string\"", "[]", " must be a string"), ("\"array\"", "[]", nil),
      ("\"array\"", "{}", " must be an array"), ("\"object\"", "{}", nil),
      ("\"object\"", "[]", " must be an object"), ("[\"string\",\"null\"]", "null", nil),
      ("[\"string\",\"null\"]", "true", " must be null or a string"),
    ])
  func type(value: String, instance: String, message: String?) throws {
    #expect(try judge("{\"type\":\(value)}", instance) == said(message))
  }

  @Test(
    "enum and const",
    arguments: [
      ("{\"enum\":[1,\"a\",null]}", "1.0", nil),
      ("{\"enum\":[1,\"a\",null]}", "2", " must be one of 1, \"a\", null"),
      ("{\"enum\":[true]}", "1", " must be true"),
      ("{\"enum\":[[1,{\"a\":2}]]}", "[1e0,{\"a\":2}]", nil),
      ("{\"enum\":[[1],{}]}", "[2]", " must be one of the schema's 2 values"),
      ("{\"enum\":[]}", "1", " must be one of the schema's 0 values"),
      ("{\"enum\":[1,2,3,4,5,6,7,8,9]}", "10", " must be one of the schema's 9 values"),
      ("{\"const\":1e400}", "10e399", nil), ("{\"const\":1e400}", "1e399", " must be 1e400"),
      ("{\"const\":\"a\\nb\"}", "\"a\"", " must be \"a\u{fffd}b\""),
      ("{\"const\":{\"a\":[]}}", "{\"a\":[]}", nil),
      ("{\"const\":{\"a\":[]}}", "{\"a\":{}}", " must be the value that the schema gives"),
      ("{\"const\":false}", "0", " must be false"),
      ("{\"const\":\"\u{e9}\"}", "\"e\u{301}\"", " must be \"\u{e9}\""),
    ])
  func values(schema: String, instance: String, message: String?) throws {
    #expect(try judge(schema, instance) == said(message))
  }

  @Test(
    "maximum, exclusiveMaximum, minimum, exclusiveMinimum, multipleOf",
    arguments: [
      ("\"maximum\":10", "10.0", nil), ("\"maximum\":10", "10.01", " must be at most 10"),
      ("\"maximum\":10", "\"11\"", nil), ("\"exclusiveMaximum\":10", "9.99", nil),
      ("\"exclusiveMaximum\":10", "10", " must be less than 10"), ("\"minimum\":-1.5", "-1.5", nil),
      ("\"minimum\":-1.5", "-1.51", " must be at least -1.5"),
      ("\"exclusiveMinimum\":0", "1e-400", nil),
      ("\"exclusiveMinimum\":0", "-0.0", " must be greater than 0"),
      ("\"maximum\":9007199254740992", "9007199254740993", " must be at most 9007199254740992"),
      ("\"maximum\":1e400", "-1e500", nil),
      ("\"maximum\":1e400", "1e401", " must be at most 1e400"),
      ("\"multipleOf\":0.01", "19.99", nil), ("\"multipleOf\":0.01", "4.35", nil),
      ("\"multipleOf\":0.01", "4.355", " must be a multiple of 0.01"),
      ("\"multipleOf\":3", "0", nil),
      ("\"multipleOf\":3", "1e999999999", " must be a multiple of 3"),
      ("\"multipleOf\":7", "7e999999999", nil), ("\"multipleOf\":2.5e1", "-75", nil),
      ("\"multipleOf\":100", "1e2", nil),
      ("\"multipleOf\":100", "10", " must be a multiple of 100"),
      ("\"multipleOf\":1e-999999999", "1e-999999999", nil),
      (
        "\"multipleOf\":1", "1e-999999999",
        " must be a multiple of 1"
      ),
      ("\"multipleOf\":999999999999999999", "1999999999999999998", nil),
      (
        "\"multipleOf\":999999999999999999", "1999999999999999999",
        " must be a multiple of 999999999999999999"
      ), ("\"multipleOf\":2", "\"3\"", nil),
      ("\"multipleOf\":0.5", "1e308", nil),
    ])
  func numbers(keyword: String, instance: String, message: String?) throws {
    #expect(try judge("{\(keyword)}", instance) == said(message))
  }

  @Test(
    "maxLength, minLength, pattern",
    arguments: [
      ("\"maxLength\":2", "\"😀e\"", nil),
      (
        "\"maxLength\":1", "\"e\u{301}\"",
        " must be at most 1 character long"
      ),
      (
        "\"maxLength\":2.0", "\"abc\"",
        " must be at most 2 characters long"
      ),
      (
        "\"minLength\":2", "\"😀\"",
        " must be at least 2 characters long"
      ),
      (
        "\"minLength\":1e400", "\"a\"",
        " must be at least \(Int.max) characters long"
      ), ("\"maxLength\":1e400", "\"a\"", nil),
      ("\"minLength\":2", "1", nil), ("\"pattern\":\"^a+$\"", "\"aa\"", nil),
      ("\"pattern\":\"^a+$\"", "\"ab\"", " must match the pattern \"^a+$\""),
      ("\"pattern\":\"^a+$\"", "[\"ab\"]", nil),
      (
        "\"pattern\":\"^\(String(repeating: "é", count: 90))$\"", "\"a\"",
        " must match the pattern \"^\(String(repeating: "é", count: 79))…\""
      ),
    ])
  func strings(keyword: String, instance: String, message: String?) throws {
    #expect(try judge("{\(keyword)}", instance) == said(message))
  }

  @Test(
    "maxItems, minItems, uniqueItems, prefixItems, items, contains, minContains, maxContains",
    arguments: [
      ("\"maxItems\":1", "[1]", nil), ("\"maxItems\":1", "[1,2]", " must have at most 1 item"),
      ("\"minItems\":2", "[1]", " must have at least 2 items"), ("\"minItems\":2", "{}", nil),
      ("\"uniqueItems\":true", "[1,true,\"1\",[1],{\"a\":1}]", nil),
      (
        "\"uniqueItems\":false",
        "[1,1]", nil
      ),
      (
        "\"uniqueItems\":true", "[0,{\"a\":1,\"b\":2},{\"b\":2.0,\"a\":1}]",
        " must not have equal items, as those at 1 and 2 are"
      ),
      ("\"uniqueItems\":true", "{\"a\":1,\"b\":1}", nil),
      ("\"prefixItems\":[{\"type\":\"null\"},{\"type\":\"string\"}]", "[null]", nil),
      ("\"prefixItems\":[{\"type\":\"null\"},true]", "[1,1]", "/0 must be null"),
      ("\"items\":{\"type\":\"null\"}", "[null,1]", "/1 must be null"),
      ("\"items\":false", "[]", nil),
      ("\"items\":false", "[1]", "/0 is not allowed"), ("\"items\":false", "{\"a\":1}", nil),
      (
        "\"prefixItems\":[true,true],\"items\":{\"type\":\"null\"}", "[1,2,null,3]",
        "/3 must be null"
      ),
      ("\"prefixItems\":[true,true],\"items\":false", "[1]", nil),
      ("\"contains\":{\"const\":1}", "[0,1]", nil),
      ("\"contains\":{\"const\":1}", "[0]", " must have at least 1 item as the schema describes"),
      ("\"contains\":{\"const\":1}", "{}", nil),
      (
        "\"contains\":{\"const\":1},\"minContains\":2", "[1,0]",
        " must have at least 2 items as the schema describes"
      ),
      ("\"contains\":{\"const\":1},\"minContains\":0", "[]", nil),
      ("\"contains\":{\"const\":1},\"maxContains\":1", "[1,0]", nil),
      (
        "\"contains\":{\"const\":1},\"maxContains\":1", "[1,0,1]",
        " must have at most 1 item as the schema describes"
      ),
      ("\"minContains\":2,\"maxContains\":1", "[]", nil),
    ])
  func arrays(keywords: String, instance: String, message: String?) throws {
    #expect(try judge("{\(keywords)}", instance) == said(message))
  }

  @Test(
    "properties and what else is about members",
    arguments: [
      ("\"properties\":{\"a\":{\"type\":\"null\"}}", "{\"b\":1}", nil),
      ("\"properties\":{\"a\":{\"type\":\"null\"}}", "{\"b\":1,\"a\":1}", "/a must be null"),
      ("\"properties\":{\"a\":false}", "{\"a\":1}", "/a is not allowed"),
      ("\"properties\":{\"\u{e9}\":false}", "{\"e\u{301}\":1}", nil),
      ("\"properties\":{\"a\":false}", "[1]", nil),
      (
        "\"patternProperties\":{\"^x\":{\"type\":\"null\"},\"y$\":false}", "{\"x\":null,\"z\":1}",
        nil
      ),
      ("\"patternProperties\":{\"^x\":{\"type\":\"null\"}}", "{\"x1\":1}", "/x1 must be null"),
      ("\"patternProperties\":{\"^x\":true,\"y$\":false}", "{\"xy\":1}", "/xy is not allowed"),
      ("\"additionalProperties\":{\"type\":\"null\"}", "{\"a\":1}", "/a must be null"),
      (
        "\"properties\":{\"a\":true},\"patternProperties\":{\"^x\":true},\"additionalProperties\":false",
        "{\"a\":1,\"x1\":2,\"b\":3}", "/b is not allowed"
      ),
      ("\"additionalProperties\":false,\"properties\":{\"a\":true}", "{\"a\":1}", nil),
      ("\"propertyNames\":{\"maxLength\":1}", "{\"a\":1}", nil),
      ("\"propertyNames\":{\"maxLength\":1}", "{\"ab\":1}", "/ab has a name that is not allowed"),
      ("\"required\":[\"a\",\"b\"]", "{\"b\":1,\"a\":null}", nil),
      ("\"required\":[\"a\"]", "{}", " must have the property \"a\""),
      ("\"required\":[\"a\"]", "[]", nil),
      ("\"dependentRequired\":{\"a\":[\"b\"]}", "{\"c\":1}", nil),
      (
        "\"dependentRequired\":{\"a\":[\"b\"]}", "{\"a\":1}",
        " must have the property \"b\", as it has \"a\""
      ),
      (
        "\"dependencies\":{\"a\":[\"b\"],\"c\":{\"maxProperties\":1}}", "{\"a\":1}",
        " must have the property \"b\", as it has \"a\""
      ),
      (
        "\"dependencies\":{\"a\":[\"b\"],\"c\":{\"maxProperties\":1}}", "{\"c\":1,\"d\":2}",
        " must have at most 1 property"
      ),
      ("\"dependentSchemas\":{\"x\":false,\"a\":{\"required\":[\"b\"]}}", "{\"b\":1}", nil),
      (
        "\"dependentSchemas\":{\"x\":false,\"a\":{\"required\":[\"b\"]}}", "{\"a\":1}",
        " must have the property \"b\""
      ),
      ("\"maxProperties\":1", "{\"a\":1,\"b\":2}", " must have at most 1 property"),
      ("\"minProperties\":2", "{\"a\":1}", " must have at least 2 properties"),
      ("\"minProperties\":2", "\"\"", nil),
    ])
  func objects(keywords: String, instance: String, message: String?) throws {
    #expect(try judge("{\(keywords)}", instance) == said(message))
  }

  @Test(
    "allOf, anyOf, oneOf, not, if, then, else and booleans",
    arguments: [
      ("true", "1", nil), ("false", "1", " is not allowed"), ("{}", "1", nil),
      ("{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "2", nil),
      ("{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "4", " must be at most 3"),
      ("{\"anyOf\":[{\"minimum\":5},{\"maximum\":3}]}", "2", nil),
      (
        "{\"anyOf\":[{\"minimum\":5},{\"maximum\":3}]}", "4",
        " must match one of the schema's 2 alternatives"
      ),
      ("{\"anyOf\":[false]}", "4", " must match the schema's only alternative"),
      ("{\"oneOf\":[{\"minimum\":2},{\"maximum\":3}]}", "1", nil),
      (
        "{\"oneOf\":[{\"minimum\":2},{\"maximum\":3}]}", "2",
        " must match exactly one of the schema's 2 alternatives, and matches more"
      ),
      (
        "{\"oneOf\":[false]}", "2",
        " must match exactly one of the schema's 1 alternative, and matches none"
      ),
      ("{\"not\":{\"type\":\"null\"}}", "1", nil),
      ("{\"not\":{\"type\":\"null\"}}", "null", " must not be what the schema excludes"),
      ("{\"if\":{\"minimum\":5},\"then\":{\"maximum\":7},\"else\":{\"multipleOf\":2}}", "6", nil),
      (
        "{\"if\":{\"minimum\":5},\"then\":{\"maximum\":7},\"else\":{\"multipleOf\":2}}", "8",
        " must be at most 7"
      ),
      (
        "{\"if\":{\"minimum\":5},\"then\":{\"maximum\":7},\"else\":{\"multipleOf\":2}}", "3",
        " must be a multiple of 2"
      ),
      ("{\"if\":{\"minimum\":5},\"else\":false}", "6", nil),
      ("{\"if\":false,\"then\":false}", "6", nil),
      ("{\"then\":false,\"else\":false}", "6", nil),
    ])
  func logic(schema: String, instance: String, message: String?) throws {
    #expect(try judge(schema, instance) == said(message))
  }

  @Test(
    "unevaluatedProperties and unevaluatedItems see what applied schemas looked at with success",
    arguments: [
      (
        "\"allOf\":[{\"properties\":{\"a\":true}}],\"unevaluatedProperties\":false", "{\"a\":1}",
        nil
      ),
      (
        "\"unevaluatedProperties\":false,\"properties\":{\"a\":true}", "{\"a\":1,\"b\":1}",
        "/b is not allowed"
      ),
      ("\"unevaluatedProperties\":{\"type\":\"null\"}", "{\"b\":1}", "/b must be null"),
      (
        "\"anyOf\":[{\"properties\":{\"a\":true}},{\"patternProperties\":{\"b\":true}},"
          + "{\"required\":[\"z\"],\"properties\":{\"c\":true}}],\"unevaluatedProperties\":false",
        "{\"a\":1,\"b\":2,\"c\":3}", "/c is not allowed"
      ),
      (
        "\"if\":{\"properties\":{\"a\":{\"const\":1}}},\"else\":{\"properties\":{\"b\":true}},"
          + "\"unevaluatedProperties\":false", "{\"a\":2,\"b\":1}", "/a is not allowed"
      ),
      (
        "\"not\":{\"not\":{\"properties\":{\"a\":true}}},\"unevaluatedProperties\":false",
        "{\"a\":1}",
        "/a is not allowed"
      ),
      (
        "\"$ref\":\"#/$defs/a\",\"unevaluatedProperties\":false,"
          + "\"$defs\":{\"a\":{\"additionalProperties\":true}}", "{\"z\":1}", nil
      ),
      (
        "\"dependentSchemas\":{\"a\":{\"properties\":{\"b\":true}}},\"properties\":{\"a\":true},"
          + "\"unevaluatedProperties\":false", "{\"a\":1,\"b\":1}", nil
      ),
      (
        "\"allOf\":[{\"properties\":{\"a\":{\"type\":\"null\"}}}],\"unevaluatedProperties\":false",
        "{\"a\":1}", "/a must be null"
      ),
      ("\"prefixItems\":[true],\"unevaluatedItems\":false", "[1,2]", "/1 is not allowed"),
      ("\"contains\":{\"const\":2},\"unevaluatedItems\":{\"const\":1}", "[1,2,1,2]", nil),
      ("\"contains\":{\"const\":2},\"unevaluatedItems\":{\"const\":1}", "[1,2,3]", "/2 must be 1"),
      ("\"oneOf\":[{\"prefixItems\":[true,true]},false],\"unevaluatedItems\":false", "[1,2]", nil),
      ("\"allOf\":[{\"items\":true}],\"unevaluatedItems\":false", "[1,2]", nil),
      ("\"unevaluatedItems\":false", "{\"a\":1}", nil),
    ])
  func unevaluated(keywords: String, instance: String, message: String?) throws {
    #expect(try judge("{\(keywords)}", instance) == said(message))
  }

  @Test("members and items beyond the first 64 are told apart as well")
  func manyChildren() throws {
    let members = (0..<200).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let schema = """
      {"allOf":[{"properties":{"k1":true}},{"patternProperties":{"[02468]$":true}}],
       "unevaluatedProperties":{"multipleOf":3}}
      """
    let wrong = try judge(schema, "{\(members)}", maxViolations: 1_000)
    let expected = (0..<200).filter { $0 % 2 == 1 && $0 != 1 && $0 % 3 != 0 }
    #expect(wrong == expected.map { "/k\($0) must be a multiple of 3" })
  }

  @Test("unknown keywords and annotations ask nothing")
  func annotations() throws {
    let schema = """
      {"title":1,"x-mine":{"type":"no such"},"default":2,"format":"email","contentSchema":7,
       "$comment":[],"$vocabulary":{},"additionalItems":3}
      """
    #expect(try judge(schema, "\"no address\"") == [])
  }

  private func said(_ message: String?) -> [String] { message.map { [$0] } ?? [] }
}
