import JSONSchema
import Testing

@Suite struct ViolationTests {
  static let order = """
    {"type":"object","required":["id","lines"],"properties":{"id":{"type":"string","minLength":3},
     "amount":{"maximum":10},"lines":{"items":{"$ref":"#/$defs/line"}}},
     "$defs":{"line":{"properties":{"count":{"type":"integer"}},"additionalProperties":false}}}
    """

  @Test("all violations are found, each with its place in the document and in the schema")
  func all() throws {
    let schema = try JSONSchema(parsing: Array(Self.order.utf8))
    let text = "{\"id\":\"a\",\"amount\":11,\"lines\":[{\"count\":1},{\"count\":1.5,\"a/b\":0}]}"
    let violations = try schema.validate(JSONDocument(parsing: Array(text.utf8)))
    #expect(
      violations.map { [$0.instance.text, $0.schema.text, $0.keyword, $0.message] } == [
        ["/id", "/properties/id/minLength", "minLength", "must be at least 3 characters long"],
        ["/amount", "/properties/amount/maximum", "maximum", "must be at most 10"],
        ["/lines/1/count", "/$defs/line/properties/count/type", "type", "must be an integer"],
        ["/lines/1/a~1b", "/$defs/line/additionalProperties", "false", "is not allowed"],
      ])
    #expect(violations[1].sentence(about: "event_data") == "event_data/amount must be at most 10")
    #expect(try judge(Self.order, "[]").first == " must be an object")
  }

  @Test("it stops at the bound", arguments: [(-1, 1), (1, 1), (3, 3), (10, 10), (100, 50)])
  func bound(maxViolations: Int, count: Int) throws {
    let items = (0..<50).map(String.init).joined(separator: ",")
    let violations = try judge(
      "{\"items\":{\"type\":\"null\"}}", "[\(items)]", maxViolations: maxViolations)
    #expect(violations == (0..<count).map { "/\($0) must be null" })
  }

  @Test("several missing properties of one object count one by one")
  func missing() throws {
    let schema = "{\"required\":[\"a\",\"b\",\"c\"],\"minProperties\":1}"
    #expect(try judge(schema, "{}").count == 4)
    #expect(try judge(schema, "{}", maxViolations: 2).count == 2)
  }

  @Test("a long way is cut in a sentence, not in the violation")
  func longPointer() throws {
    let key = String(repeating: "k", count: 500)
    let schema = try JSONSchema(parsing: Array("{\"additionalProperties\":false}".utf8))
    let document = try JSONDocument(parsing: Array("{\"\(key)\":1}".utf8))
    let violation = try #require(try schema.validate(document).first)
    #expect(violation.instance.text == "/\(key)")
    #expect(
      violation.sentence(about: "data")
        == "data/\(String(repeating: "k", count: 79))… is not allowed")
  }
}
