import JSONSchema
import Testing

@Suite struct ReferenceTests {
  @Test(
    "a reference reaches what is inside the schema",
    arguments: [
      ("\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"null\"}}"),
      ("\"$ref\":\"#/definitions/a\",\"definitions\":{\"a\":{\"type\":\"null\"}}"),
      ("\"$ref\":\"#n\",\"$defs\":{\"a\":{\"$anchor\":\"n\",\"type\":\"null\"}}"),
      ("\"$ref\":\"#n\",\"$defs\":{\"a\":{\"$dynamicAnchor\":\"n\",\"type\":\"null\"}}"),
      ("\"$dynamicRef\":\"#n\",\"$defs\":{\"a\":{\"$dynamicAnchor\":\"n\",\"type\":\"null\"}}"),
      ("\"$dynamicRef\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"null\"}}"),
      ("\"$ref\":\"x\",\"$defs\":{\"a\":{\"$id\":\"x\",\"type\":\"null\"}}"),
      ("\"$id\":\"http://h/p/q?r\",\"$ref\":\"//h/p/x\",\"$defs\":{\"a\":{\"$id\":\"x\",\"type\":\"null\"}}"),
      ("\"$id\":\"http://h/p/q\",\"$ref\":\"../x\",\"$defs\":{\"a\":{\"$id\":\"/./y/../x\",\"type\":\"null\"}}"),
      ("\"$id\":\"http://h\",\"$ref\":\"x?y\",\"$defs\":{\"a\":{\"$id\":\"http://h/x?y#\",\"type\":\"null\"}}"),
      ("\"$id\":\"http://h/p/\",\"$ref\":\"?y\",\"$defs\":{\"a\":{\"$id\":\"http://h/p/?y\",\"type\":\"null\"}}"),
      ("\"$id\":\"http://h/a/b/c\",\"$ref\":\"..\",\"$defs\":{\"a\":{\"$id\":\"http://h/a/\",\"type\":\"null\"}}"),
      ("\"$id\":\"http://h/a/b/c\",\"$ref\":\".\",\"$defs\":{\"a\":{\"$id\":\"http://h/a/b/\",\"type\":\"null\"}}"),
      ("\"$ref\":\"urn:a:b#/$defs/c\",\"$defs\":{\"a\":{\"$id\":\"urn:a:b\",\"$defs\":{\"c\":{\"type\":\"null\"}}}}"),
      ("\"$ref\":\"#/x-mine/1/a~1%62~01\",\"x-mine\":[0,{\"a/b~1\":{\"type\":\"null\"}}]"),
      ("\"$ref\":\"#/$defs/a/$defs/b\",\"$defs\":{\"a\":{\"$id\":\"x\",\"$defs\":{\"b\":{\"$ref\":\"#/$defs/c\"},"
        + "\"c\":{\"type\":\"null\"}}}}"),
      ("\"allOf\":[{\"$ref\":\"#/allOf/1\"},{\"type\":\"null\"}]"),
    ])
  func reaches(keywords: String) throws {
    #expect(try judge("{\(keywords)}", "null") == [])
    #expect(try judge("{\(keywords)}", "1").first == " must be null")
  }

  @Test("a schema may refer to itself, as deep as documents are")
  func recursive() throws {
    let tree =
      "{\"properties\":{\"value\":{\"type\":\"integer\"},\"children\":{\"items\":{\"$ref\":\"#\"}}},"
      + "\"additionalProperties\":false}"
    let depth = 31
    func nested(_ leaf: String) -> String {
      String(repeating: "{\"children\":[", count: depth) + leaf
        + String(repeating: "]}", count: depth)
    }
    #expect(try judge(tree, nested("{\"value\":1}")) == [])
    let way = String(repeating: "/children/0", count: depth)
    let violations = try JSONSchema(parsing: Array(tree.utf8)).validate(
      JSONDocument(parsing: Array(nested("{\"value\":\"1\"}").utf8)))
    #expect(violations.map(\.instance.text) == ["\(way)/value"])
    #expect(violations.map(\.schema.text) == ["/properties/value/type"])
  }

  @Test("a dynamic reference takes the outermost anchor of those in use")
  func dynamic() throws {
    let schema = """
      {"$id":"http://h/strict","$ref":"tree","$dynamicAnchor":"node","unevaluatedProperties":false,
       "$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","properties":{"data":true,
         "children":{"items":{"$dynamicRef":"#node"}}}}}}
      """
    #expect(try judge(schema, "{\"children\":[{\"data\":1}]}") == [])
    #expect(
      try judge(schema, "{\"children\":[{\"daat\":1}]}") == ["/children/0/daat is not allowed"])
  }

  @Test(
    "other documents are refused, never fetched",
    arguments: [
      "http://example.com/x", "https://json-schema.org/draft/2020-12/schema", "x.json", "x#/a",
      "/x",
      "?x", "//h/x", "file:///etc/passwd", "urn:a:b",
    ])
  func remote(reference: String) {
    for keyword in ["$ref", "$dynamicRef"] {
      let text = "{\"items\":{\"\(keyword)\":\"\(reference)\"}}"
      let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(text.utf8)) }
      #expect(error?.reason == .remoteReference(reference))
      #expect(error?.pointer.text == "/items/\(keyword)")
    }
  }

  @Test(
    "a reference to nothing is refused",
    arguments: [
      "#a", "#/a", "#/$defs/b", "#/$defs/a/0", "#/$defs/a/type", "#/allOf/1", "#/allOf/00",
      "#/allOf/-",
      "#/allOf/-0", "#/%zz", "#/~2", "#/%7", "#%2", "#/allOf/99999999999999999999", "#/allOf",
    ])
  func unresolved(reference: String) {
    let text = """
      {"$defs":{"a":{"type":"null"}},"allOf":[{}],"properties":{"p":{"$ref":"\(reference)"}}}
      """
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(text.utf8)) }
    #expect(error?.reason == .unresolvedReference(reference))
    #expect(error?.pointer.text == "/properties/p/$ref")
  }

  @Test(
    "a schema that leads to itself on the same value is refused",
    arguments: [
      ("{\"$ref\":\"#\"}", ""),
      (
        "{\"properties\":{\"a\":{\"allOf\":[{\"$ref\":\"#/properties/a\"}]}}}",
        "/properties/a/allOf/0"
      ),
      (
        "{\"$defs\":{\"a\":{\"anyOf\":[true,{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"not\":{\"$ref\":\"#/$defs/a\"}}}}",
        "/$defs/b/not"
      ),
      ("{\"if\":{},\"then\":{\"$ref\":\"#\"}}", "/then"),
      ("{\"if\":{},\"else\":{\"oneOf\":[{\"$ref\":\"#\"}]}}", "/else/oneOf/0"),
      ("{\"dependentSchemas\":{\"a\":{\"$ref\":\"#\"}}}", "/dependentSchemas/a"),
    ])
  func endless(schema: String, pointer: String) {
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(schema.utf8)) }
    #expect(error?.reason == .endlessReference)
    #expect(error?.pointer.text == pointer)
  }

  @Test("dynamic references that follow each other without end are too complex, not fatal")
  func endlessDynamic() throws {
    let schema = try JSONSchema(
      parsing: Array("{\"$dynamicAnchor\":\"a\",\"$dynamicRef\":\"#a\"}".utf8))
    #expect(throws: ValidationError.tooComplex) {
      try schema.validate(JSONDocument(parsing: Array("1".utf8)))
    }
  }

  @Test(
    "the same name twice is refused",
    arguments: [
      (
        "{\"$defs\":{\"a\":{\"$anchor\":\"n\"},\"b\":{\"$dynamicAnchor\":\"n\"}}}", "n",
        "/$defs/b/$dynamicAnchor"
      ),
      (
        "{\"$id\":\"http://h/a\",\"$defs\":{\"a\":{\"$id\":\"b\"},\"b\":{\"$id\":\"/b\"}}}",
        "http://h/b",
        "/$defs/b/$id"
      ),
      ("{\"items\":{\"$id\":\"\"}}", "", "/items/$id"),
    ])
  func duplicate(schema: String, name: String, pointer: String) {
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(schema.utf8)) }
    #expect(error?.reason == .duplicateIdentifier(name))
    #expect(error?.pointer.text == pointer)
  }

  @Test("a name may be both kinds of anchor of one schema, and occur again in another resource")
  func sameName() throws {
    let schema = """
      {"$anchor":"n","$dynamicAnchor":"n","items":{"$id":"x","$anchor":"n","properties":{"a":{"$ref":"#n"}},
       "maxProperties":1}}
      """
    #expect(try judge(schema, "[{\"a\":{}}]") == [])
    #expect(
      try judge(schema, "[{\"a\":{\"a\":{},\"b\":{}}}]") == ["/0/a must have at most 1 property"])
  }

  @Test("identifiers are bounded")
  func longIdentifier() {
    let id = "http://h/" + String(repeating: "a", count: 2_040)
    let error = #expect(throws: SchemaError.self) {
      try JSONSchema(parsing: Array("{\"items\":{\"$id\":\"\(id)\"}}".utf8))
    }
    #expect(error?.reason == .identifierTooLong(maxBytes: 2_048))
    #expect(error?.pointer.text == "/items/$id")
  }
}
