import JSONSchema
import Testing

@Suite struct DraftSevenTests {
  @Test(
    "a schema that names draft-07 has its meaning",
    arguments: [
      ("\"items\":[{\"type\":\"null\"},true],\"additionalItems\":false", "[null,1]", []),
      (
        "\"items\":[{\"type\":\"null\"},true],\"additionalItems\":false", "[1,1,1]",
        ["/0 must be null", "/2 is not allowed"]
      ),
      ("\"items\":[],\"additionalItems\":false", "[1]", ["/0 is not allowed"]),
      ("\"items\":[true]", "[1,2]", []),
      ("\"items\":{\"type\":\"null\"}", "[1]", ["/0 must be null"]),
      ("\"items\":{\"type\":\"null\"},\"additionalItems\":false", "[null,null]", []),
      ("\"additionalItems\":false", "[1]", []),
      (
        "\"definitions\":{\"a\":{\"$id\":\"#n\",\"type\":\"null\"}},\"allOf\":[{\"$ref\":\"#n\"}]",
        "1",
        [" must be null"]
      ),
      (
        "\"definitions\":{\"a\":{\"type\":\"null\"}},\"$ref\":\"#/definitions/a\",\"maximum\":0",
        "1",
        [" must be null"]
      ),
      (
        "\"$ref\":\"#/definitions/a\",\"maximum\":\"ignored\",\"definitions\":{\"a\":true}", "1", []
      ),
      (
        "\"dependencies\":{\"a\":[\"b\"]}", "{\"a\":1}",
        [" must have the property \"b\", as it has \"a\""]
      ),
      (
        "\"const\":1,\"contains\":false,\"if\":true,\"then\":{\"type\":\"string\"}", "1",
        [" must be a string"]
      ),
      (
        "\"dependentRequired\":{\"a\":[\"b\"]}", "{\"a\":1}",
        [" must have the property \"b\", as it has \"a\""]
      ),
    ] as [(String, String, [String])])
  func meaning(keywords: String, instance: String, violations: [String]) throws {
    let schema = "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\(keywords)}"
    #expect(try judge(schema, instance) == violations)
  }

  @Test("an $id with both a document and a fragment is refused", arguments: ["a#b", "#b"])
  func fragments(id: String) {
    let text =
      "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$id\":\"\(id)\"}"
    let error = #expect(throws: SchemaError.self) { try JSONSchema(parsing: Array(text.utf8)) }
    #expect(error?.pointer.text == "/$id")
  }
}
