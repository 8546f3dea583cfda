import Foundation
import JSONSchema
import Testing

/// Documents and schemas made to hurt: each is answered, within the budget and on a small stack.
@Suite struct HostileTests {
  @Test("10,000 levels are refused at the first that is too deep", arguments: ["[", "{\"a\":"])
  func deep(opening: String) {
    let text = Array(String(repeating: opening, count: 10_000).utf8)
    let error = #expect(throws: JSONError.self) { try JSONDocument(parsing: text) }
    #expect(error?.reason == .tooDeep(maxDepth: 64))
  }

  @Test("10,000 levels, where they are allowed, need no stack")
  func deepAllowed() async throws {
    let text = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
    let isSame = await onSmallStack {
      let document = try JSONDocument(
        parsing: Array(text.utf8), limits: JSONLimits(maxDepth: 10_000))
      let again = try JSONDocument(
        parsing: document.serialized(), limits: JSONLimits(maxDepth: 10_000))
      let schema = try JSONSchema(
        parsing: Array(
          "{\"const\":[[[]]],\"items\":{\"$ref\":\"#/$defs/a\"},\"$defs\":{\"a\":{}}}".utf8))
      return try again.root == document.root && again.root.hashValue == document.root.hashValue
        && schema.validate(document).count == 1
    }
    #expect(try isSame.get())
  }

  @Test("the deepest schema on the deepest document needs no stack")
  func deepSchema() async throws {
    let answer = await onSmallStack {
      let wrapped =
        String(repeating: "{\"allOf\":[", count: 30) + "{\"$ref\":\"#/$defs/next\"}"
        + String(repeating: "]}", count: 30)
      let schema = try JSONSchema(
        parsing: Array(
          "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":\(wrapped),\"next\":{\"items\":{\"$ref\":\"#/$defs/a\"}}}}"
            .utf8))
      let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
      return try schema.validate(JSONDocument(parsing: Array(text.utf8)))
    }
    #expect(try answer.get() == [])
  }

  @Test("the deepest pattern is compiled and matched on a small stack")
  func deepPattern() async throws {
    let answer = await onSmallStack {
      let source = String(repeating: "(?:a|", count: 32) + "b" + String(repeating: ")*", count: 32)
      var budget = StepBudget(steps: 1_000_000)
      return try Pattern(source).matches("xxb", &budget)
    }
    #expect(try answer.get())
  }

  @Test("a string of 1 MiB is measured, matched and compared")
  func longString() throws {
    let text = "\"" + String(repeating: "a", count: 1 << 20) + "\""
    let schema =
      "{\"maxLength\":1048576,\"minLength\":1048576,\"pattern\":\"^a\",\"not\":{\"const\":\"a\"}}"
    #expect(try judge(schema, text) == [])
    #expect(try judge("{\"maxLength\":1048575}", text).count == 1)
  }

  @Test("numbers with 262,144 digits or huge exponents are compared exactly")
  func hugeNumbers() throws {
    let digits = String(repeating: "9", count: 1 << 18)
    let schema =
      "{\"type\":\"integer\",\"multipleOf\":9,\"exclusiveMaximum\":1e262144,\"minimum\":9e262143}"
    #expect(try judge(schema, digits) == [])
    #expect(try judge(schema, "\(digits)8.5").count == 3)
    let extremes = "{\"enum\":[1e400,1e-400,-1e400,1e999999999,1e-999999999]}"
    for number in ["1e400", "10e-401", "-10e399", "1e999999999", "1e-999999999"] {
      #expect(try judge(extremes, number) == [])
    }
    #expect(try judge("{\"multipleOf\":123456789}", "1e999999999").count == 1)
  }

  @Test("a catastrophic pattern stays within the budget")
  func catastrophicPattern() throws {
    let text = "\"" + String(repeating: "a", count: 20_000) + "!\""
    #expect(try judge("{\"pattern\":\"^(a+)+$\"}", text).count == 1)
    #expect(throws: ValidationError.tooComplex) {
      try judge("{\"pattern\":\"^(a?){400}(a*){400}$\"}", text)
    }
  }

  @Test(
    "schemas whose work doubles with each level are cut off",
    arguments: ["anyOf", "oneOf", "allOf"])
  func exponential(keyword: String) throws {
    let levels = (0..<60).map { level in
      "\"l\(level)\":{\"\(keyword)\":[{\"$ref\":\"#/$defs/l\(level + 1)\"},{\"$ref\":\"#/$defs/l\(level + 1)\"}]}"
    }
    let last = keyword == "allOf" ? "true" : "false"
    let text =
      "{\"$ref\":\"#/$defs/l0\",\"$defs\":{\(levels.joined(separator: ",")),\"l60\":\(last)}}"
    let schema = try JSONSchema(parsing: Array(text.utf8))
    let document = try JSONDocument(parsing: Array("1".utf8))
    #expect(throws: ValidationError.tooComplex) {
      try schema.validate(document, maxSteps: 200_000)
    }
  }

  @Test("work that doubles with the depth of the document is cut off")
  func exponentialDepth() throws {
    let text =
      "{\"anyOf\":[{\"items\":{\"$ref\":\"#\"},\"minItems\":9},{\"items\":{\"$ref\":\"#\"},\"minItems\":8}]}"
    let schema = try JSONSchema(parsing: Array(text.utf8))
    let nested = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    let document = try JSONDocument(parsing: Array(nested.utf8))
    #expect(throws: ValidationError.tooComplex) {
      try schema.validate(document, maxSteps: 200_000)
    }
  }

  @Test(
    "work on large values counts",
    arguments: [
      "{\"uniqueItems\":true}", "{\"items\":{\"type\":\"integer\"}}", "{\"enum\":[[1]]}",
      "{\"contains\":{\"const\":-1}}", "{\"unevaluatedItems\":true}",
      "{\"prefixItems\":[true],\"items\":true}",
      "{\"allOf\":[{\"items\":true}],\"unevaluatedItems\":false}",
    ])
  func large(schema: String) throws {
    let schema = try JSONSchema(parsing: Array(schema.utf8))
    let text = "[\((0..<5_000).map(String.init).joined(separator: ","))]"
    let document = try JSONDocument(parsing: Array(text.utf8))
    #expect(throws: ValidationError.tooComplex) { try schema.validate(document, maxSteps: 3_000) }
    _ = try schema.validate(document)
  }

  @Test(
    "what is looked at before it is found that it is wrong counts as well",
    arguments: [
      // Equal items in front, in each of many alternatives.
      (
        "{\"anyOf\":[\(Array(repeating: "{\"uniqueItems\":true}", count: 200).joined(separator: ",")),{}]}",
        "[\(Array(repeating: "0", count: 10_000).joined(separator: ","))]"
      ),
      // Large objects whose last members differ.
      (
        "{\"anyOf\":[\(Array(repeating: "{\"const\":\(members(2_000, last: "1"))}", count: 20).joined(separator: ",")),{}]}",
        members(2_000, last: "2")
      ),
      // A long anchor for each item.
      (
        "{\"$dynamicAnchor\":\"\(anchor)\",\"items\":{\"$dynamicRef\":\"#\(anchor)\"}}",
        "[\(Array(repeating: "0", count: 500).joined(separator: ","))]"
      ),
    ])
  func hiddenWork(schema: String, document: String) throws {
    let schema = try JSONSchema(
      parsing: Array(schema.utf8), limits: SchemaLimits(maxBytes: 1 << 20))
    let document = try JSONDocument(parsing: Array(document.utf8))
    #expect(throws: ValidationError.tooComplex) { try schema.validate(document, maxSteps: 50_000) }
    #expect(try schema.validate(document, maxSteps: 5_000_000).isEmpty)
  }

  private static let anchor = String(repeating: "A", count: 10_000)

  private static func members(_ count: Int, last: String) -> String {
    "{\((0..<count).map { "\"k\($0)\":0," }.joined())\"z\":\(last)}"
  }

  @Test("a validation in parts ends as one in one go does, and no part is much longer than told")
  func parts() throws {
    let schema = try JSONSchema(
      parsing: Array(#"{"items":{"type":"integer","maximum":4990},"maxItems":10}"#.utf8))
    let text = "[\((0..<5_000).map(String.init).joined(separator: ","))]"
    let document = try JSONDocument(parsing: Array(text.utf8))
    let whole = try schema.validate(document)
    #expect(whole.count == 10)
    for steps in [1, 7, 1_000, .max] {
      var validation = schema.validation(of: document, budget: StepBudget(steps: 100_000))
      var before = validation.budget.remaining
      while try !validation.goOn(steps: steps) {
        // A keyword that is begun is finished; these are short.
        #expect((steps...(steps &+ 8)).contains(before - validation.budget.remaining))
        before = validation.budget.remaining
      }
      #expect(validation.violations == whole)
      #expect(validation.budget.remaining < 100_000 - 5_000)
    }
    #expect(inParts(schema, document, of: 10, within: 3_000) == nil)
  }

  /// What a validation in parts of so many steps finds; nil when that takes too much work.
  private func inParts(
    _ schema: JSONSchema, _ document: JSONDocument, of steps: Int, within budget: Int = 100_000
  ) -> [Violation]? {
    var validation = schema.validation(of: document, budget: StepBudget(steps: budget))
    do {
      while try !validation.goOn(steps: steps) {}
      return validation.violations
    } catch {
      return nil
    }
  }

  @Test("a large object is looked at in proportion to its members")
  func largeObject() throws {
    let members = (0..<20_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let names = (0..<2_000).map { "\"k\($0)\"" }.joined(separator: ",")
    let schema = try JSONSchema(
      parsing: Array(
        "{\"required\":[\(names)],\"properties\":{\"k7\":false},\"additionalProperties\":{\"minimum\":0}}"
          .utf8))
    let document = try JSONDocument(parsing: Array("{\(members)}".utf8))
    let violations = try schema.validate(document, maxSteps: 200_000)
    #expect(violations.map(\.description) == ["/k7 is not allowed"])
    #expect(throws: ValidationError.tooComplex) { try schema.validate(document, maxSteps: 20_000) }
  }

  @Test("a chain of 2,000 references is followed")
  func longChain() throws {
    let chain = (0..<2_000).map { "\"\($0)\":{\"$ref\":\"#/$defs/\($0 + 1)\"}" }
    let schema =
      "{\"$ref\":\"#/$defs/0\",\"$defs\":{\(chain.joined(separator: ",")),\"2000\":{\"type\":\"null\"}}}"
    #expect(try judge(schema, "1") == [" must be null"])
  }

  @Test("damaged schemas are refused or work, never fatal")
  func noise() throws {
    var generator = SeededGenerator(state: 31)
    let sources = [
      ViolationTests.order,
      "{\"$id\":\"http://h/a\",\"$defs\":{\"a\":{\"$anchor\":\"n\",\"prefixItems\":[{\"const\":1e5}]}},"
        + "\"anyOf\":[{\"$ref\":\"#n\"},{\"if\":{\"minItems\":1},\"then\":{\"uniqueItems\":true}}],"
        + "\"unevaluatedItems\":{\"$dynamicRef\":\"#n\"},\"contains\":{\"pattern\":\"^(a|b){1,3}$\"}}",
    ]
    let words = [
      "{}", "[]", "true", "false", "0", "\"#\"", "\"items\"", "\"$ref\"", ":", ",", "1e9",
    ]
    for _ in 0..<4_000 {
      var bytes = Array((sources.randomElement(using: &generator) ?? "").utf8)
      for _ in 0..<Int.random(in: 1...2, using: &generator) {
        let place = bytes.indices.randomElement(using: &generator) ?? 0
        let length = Int.random(in: 0...4, using: &generator)
        let word = Array((words.randomElement(using: &generator) ?? "").utf8)
        bytes.replaceSubrange(place..<min(place + length, bytes.count), with: word)
      }
      let instance = try JSONDocument(parsing: Array(generator.json(depth: 2).utf8))
      do throws(SchemaError) {
        let schema = try JSONSchema(parsing: bytes, formats: .asserted)
        // A damaged schema may be too complex: that is an answer as well.
        let violations = try? schema.validate(instance, maxSteps: 100_000)
        #expect((violations?.count ?? 0) <= 10)
        #expect(
          inParts(schema, instance, of: Int.random(in: -1...9, using: &generator)) == violations)
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  /// Runs on a thread with 512 KiB of stack.
  private func onSmallStack<Answer: Sendable>(
    _ body: @escaping @Sendable () throws -> Answer
  ) async -> Result<Answer, any Error> {
    await withCheckedContinuation { continuation in
      let thread = Thread { continuation.resume(returning: Result { try body() }) }
      thread.stackSize = 512 << 10
      thread.start()
    }
  }
}
