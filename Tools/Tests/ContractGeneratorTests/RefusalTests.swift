import ContractGenerator
import Testing

/// What a contract may not hold is refused with the place, the element and a way out.
@Suite
struct RefusalTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var head = #"syntax = "proto3"; package fixtures.v1;"#
    let body: String
    let refusal: String

    init(_ description: String, head: String? = nil, _ body: String, _ refusal: String) {
      testDescription = description
      if let head { self.head = head }
      self.body = body
      self.refusal = refusal
    }
  }

  @Test(
    "a refused construct is named with file, line and element",
    arguments: [
      Case(
        "a message that holds itself", "message Tree { repeated Tree children = 1; }",
        "test.proto:2: fixtures.v1.Tree: recursive messages are refused "
          + "(fixtures.v1.Tree -> fixtures.v1.Tree)"),
      Case(
        "messages that hold each other",
        "message A { B b = 1; }\nmessage B { C c = 1; }\nmessage C { A a = 1; }",
        "test.proto:3: fixtures.v1.B: recursive messages are refused (fixtures.v1.B -> "
          + "fixtures.v1.C -> fixtures.v1.A -> fixtures.v1.B)"),
      Case(
        "a map", "message A {\nmap<string, int32> sizes = 1; }",
        "test.proto:3: fixtures.v1.A.sizes: maps are refused"),
      Case(
        "an optional scalar", "message A {\n\noptional int32 size = 1; }",
        "test.proto:4: fixtures.v1.A.size: `optional` is refused"),
      Case(
        "proto2", head: #"syntax = "proto2"; package fixtures.v1;"#,
        "message A { required int32 size = 1; }",
        "test.proto: test.proto: proto2 is refused"),
      Case(
        "a group", head: #"syntax = "proto2"; package fixtures.v1;"#,
        "message A { optional group Part = 1 { optional int32 size = 1; } }",
        "test.proto: test.proto: proto2 is refused"),
      Case(
        "a package nobody knows", head: #"syntax = "proto3"; package stray.v1;"#, "message A {}",
        "test.proto: test.proto: package `stray.v1` has no room"),
      Case(
        "a field named like a word of Swift", "message A { string default = 1; }",
        "test.proto:2: fixtures.v1.A.default: its Swift name `default` is a reserved word"),
      Case(
        "a oneof named like a word of Swift", "message A { oneof switch { string on = 1; } }",
        "test.proto:2: fixtures.v1.A.switch: its Swift name `switch` is a reserved word"),
      Case(
        "an enum value named like a word of Swift", "enum Kind { KIND_DEFAULT = 0; }",
        "fixtures.v1.KIND_DEFAULT: its Swift name `default` is a reserved word"),
      Case(
        "a method named like a word of Swift",
        "message A {}\nservice S { rpc Repeat(A) returns (A); }",
        "test.proto:3: fixtures.v1.S.Repeat: its Swift name `repeat` is a reserved word"),
      Case(
        "a message named like a word of Swift", "message Protocol {}",
        "test.proto:2: fixtures.v1.Protocol: its Swift name `Protocol` is a reserved word"),
      Case(
        "a message that would hide a type", "message String {}",
        "test.proto:2: fixtures.v1.String: its Swift name `String` is that of a type"),
      Case(
        "a message with the name of a client",
        "message A {}\nmessage SClient {}\nservice S { rpc Do(A) returns (A); }",
        "test.proto:4: fixtures.v1.S: its Swift name `SClient` is already that of "
          + "fixtures.v1.SClient"),
      Case(
        "a field and a oneof of one Swift name",
        "message A { string key_id = 1; oneof key__id { string text = 2; } }",
        "fixtures.v1.A.key__id: its Swift name `keyId` is already that of fixtures.v1.A.key_id"),
      Case(
        "a field with a JSON name of its own",
        "message A { string size = 1 [json_name = \"length\"]; }",
        "test.proto:2: fixtures.v1.A.size: its JSON name `length` is refused"),
      Case(
        "an enum value with two names",
        "enum Kind { option allow_alias = true; KIND_A = 0; KIND_B = 0; }",
        "fixtures.v1.KIND_B: aliases are refused"),
      Case(
        "an enum value named unrecognized", "enum Kind { KIND_UNRECOGNIZED = 0; }",
        "fixtures.v1.KIND_UNRECOGNIZED: its Swift name `unrecognized`"),
      Case(
        "an enum value whose name begins with a digit", "enum Kind { KIND_2D = 0; }",
        "fixtures.v1.KIND_2D: its Swift name `2d` does not begin with a letter"),
      Case(
        "something wrong inside a nested message",
        "message A { message B { string self = 1; } B b = 1; }",
        "test.proto:2: fixtures.v1.A.B.self: its Swift name `self` is a reserved word"),
    ])
  func refused(_ refused: Case) throws {
    let files = try Protoc.file(refused.head + "\n" + refused.body)
    let error = #expect(throws: ContractError.self) {
      try ContractGenerator(layout: .fixtures).generate(files)
    }
    let description = error?.description ?? ""
    #expect(description.contains(refused.refusal), "\(description)")
  }

  @Test("everything that is wrong is named at once")
  func all() throws {
    let files = try Protoc.file(
      """
      syntax = "proto3"; package fixtures.v1;
      message A { string default = 1; map<string, string> texts = 2; }
      enum Kind { KIND_CASE = 0; }
      """)
    let error = #expect(throws: ContractError.self) {
      try ContractGenerator(layout: .fixtures).generate(files)
    }
    #expect(
      error?.refusals.map(\.element)
        == ["fixtures.v1.A.default", "fixtures.v1.A.texts", "fixtures.v1.KIND_CASE"])
  }
}
