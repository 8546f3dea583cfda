import JSONSchema
import Testing

@Suite struct JSONValueTests {
  @Test("values tell their kind and content")
  func content() throws {
    let root = try value("{\"a\":[null,true,false,1.5,\"\\u00e9\"],\"b\":{}}")
    #expect(root.kind == .object)
    #expect(root.members?.map(\.key) == ["a", "b"])
    #expect(root["b"]?.members?.isEmpty == true)
    #expect(root["c"] == nil)
    let items = try #require(root["a"]?.items)
    #expect(items.map(\.kind) == [.null, .bool, .bool, .number, .string])
    #expect(items.map(\.bool) == [nil, true, false, nil, nil])
    #expect(items.map(\.string) == [nil, nil, nil, nil, "é"])
    #expect(items[3].number?.isInteger == false)
    #expect(items[4].number == nil)
    #expect(items[0].items == nil)
    #expect(items[0].members == nil)
    #expect(items[0]["a"] == nil)
  }

  @Test("values know where they stand")
  func pointers() throws {
    let root = try value("{\"a\":[0,[1,{\"x/y\":{\"~\":2}}],3],\"\":4}")
    #expect(root.pointer == .root)
    #expect(root["a"]?.items?[1].items?[1]["x/y"]?["~"]?.pointer.text == "/a/1/1/x~1y/~0")
    #expect(root["a"]?.items?[2].pointer.text == "/a/2")
    #expect(root[""]?.pointer.description == "/")
  }

  @Test("members are found in small and in large objects", arguments: [1, 8, 9, 1_000])
  func members(count: Int) throws {
    let text = (0..<count).map { "\"key \($0)\":[\($0)]" }.joined(separator: ",")
    let root = try value("{\(text)}")
    for index in 0..<count {
      #expect(root["key \(index)"]?.items?[0].number?.clampedCount == index)
    }
    #expect(root["key \(count)"] == nil)
    #expect(root["key"] == nil)
  }

  @Test(
    "equality is JSON Schema's",
    arguments: [
      ("1", "1.0", true), ("1", "10e-1", true), ("-0", "0", true), ("1", "true", false),
      ("0", "false", false), ("0", "null", false), ("\"1\"", "1", false), ("[]", "{}", false),
      ("[1,2]", "[1,2.0]", true), ("[1,2]", "[2,1]", false), ("[1]", "[1,1]", false),
      ("{\"a\":1,\"b\":[2]}", "{\"b\":[2e0],\"a\":1}", true), ("{\"a\":1}", "{\"b\":1}", false),
      ("{\"a\":1}", "{\"a\":2}", false), ("{\"a\":1}", "{\"a\":1,\"b\":1}", false),
      ("\"\\u00e9\"", "\"é\"", true), ("\"\u{e9}\"", "\"e\u{301}\"", false),
      ("\"a\"", "\"b\"", false),
      ("12345678901234567890123", "12345678901234567890124", false), ("1e400", "1e401", false),
      ("{\"a\":{\"b\":[{},[]]}}", "{\"a\":{\"b\":[{},[]]}}", true),
      ("{\"a\":null,\"b\":0}", "{\"a\":0,\"b\":null}", false),
    ])
  func equality(one: String, other: String, isEqual: Bool) throws {
    let (left, right) = (try value(one), try value(other))
    #expect((left == right) == isEqual)
    #expect((right == left) == isEqual)
    #expect((left.hashValue == right.hashValue) == isEqual)
  }

  @Test("a value inside a document is written without the rest")
  func part() throws {
    let root = try value(
      "{ \"a\" : [ 1.0 , { \"b\\u0001\" : \"\\\"\" } ] , \"c\" : [ [ ] , { } ] }")
    #expect(
      String(decoding: root["a"]?.serialized() ?? [], as: UTF8.self)
        == "[1.0,{\"b\\u0001\":\"\\\"\"}]")
    #expect(
      String(decoding: root.serialized(), as: UTF8.self)
        == "{\"a\":[1.0,{\"b\\u0001\":\"\\\"\"}],\"c\":[[],{}]}")
    let controls = try value("\"\\u001f\\n\"").serialized()
    #expect(String(decoding: controls, as: UTF8.self) == "\"\\u001f\\u000a\"")
  }

  private func value(_ text: String) throws -> JSONValue {
    try JSONDocument(parsing: Array(text.utf8)).root
  }
}
