internal import Glibc
internal import JSONSchema

/// Strict JSON, schemas, and what a schema says about a document.
///
/// Input: what to try, and a document; or a schema, a NUL, and a document.
enum JSONTarget: FuzzTarget {
  private static let steps = 50_000

  static func run(_ input: FuzzInput) {
    var input = input
    switch input.byte() % 4 {
    case 0: document(input.all())
    case 1: pattern(&input)
    case 2: validation(input.all(), .asserted)
    default: validation(input.all(), .annotated)
    }
  }

  private static func document(_ bytes: [UInt8]) {
    let document: JSONDocument
    do throws(JSONError) {
      document = try JSONDocument(parsing: bytes)
      promised("what is parsed passes a check") { try JSONDocument.check(bytes) }
    } catch {
      promise(checkError(bytes) == error, "what is refused does not pass a check: \(error)")
      promise((0...bytes.count).contains(error.offset), "an error is in the text: \(error)")
      promise(
        PlainJSON.accepts(bytes) != true || error.reason.isBeyondGrammar,
        "it is JSON, but for: \(error)")
      return
    }
    promise(PlainJSON.accepts(bytes) == true, "what is parsed is JSON")
    let text = document.serialized()
    let again = promised("what is written is read") { try JSONDocument(parsing: text) }
    promise(again.root == document.root, "a document survives being written")
    promise(again.root.hashValue == document.root.hashValue, "equal values hash alike")
    promise(again.serialized() == text, "a document is written in one way")
    for (key, value) in document.root.members ?? [] {
      promise(document.root[key]?.pointer == value.pointer, "a member is found by its key")
    }
    guard text.count < 2_000 else { return }
    let schema = promised("a constant is a schema") {
      try JSONSchema(parsing: Array("{\"const\":".utf8) + text + Array("}".utf8))
    }
    promise(
      promised("a constant is compared") { try schema.validate(document) }.isEmpty,
      "a document is what it is")
  }

  private static func checkError(_ bytes: [UInt8]) -> JSONError? {
    do throws(JSONError) {
      try JSONDocument.check(bytes)
      return nil
    } catch {
      return error
    }
  }

  /// Matching ends, at a cost that its budget pays for.
  private static func pattern(_ input: inout FuzzInput) {
    guard let pattern = try? Pattern(input.text()) else { return }
    let text = String(decoding: input.all(), as: UTF8.self)
    var budget = StepBudget(steps: steps)
    _ = withinTime("a match") { try? pattern.matches(text, &budget) }
    promise((0...steps).contains(budget.remaining), "a budget is not overdrawn")
  }

  private static func validation(_ bytes: [UInt8], _ formats: JSONSchema.FormatPolicy) {
    let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    let schemaText = Array(parts[0])
    guard let schema = withinTime("compiling", { compile(schemaText, formats) }) else { return }
    guard parts.count == 2, let document = try? JSONDocument(parsing: Array(parts[1])) else {
      return
    }
    let verdict = isValid(schema, document)
    promise(verdict == isValid(schema, document), "a verdict is the same twice")
    // References would mean another place in a schema that is put into one.
    guard let verdict, !schemaText.contains(where: { "$\\".utf8.contains($0) }) else { return }
    for (prefix, suffix, isNegated) in [
      ("{\"not\":", "}", true), ("{\"allOf\":[", "]}", false), ("{\"anyOf\":[", "]}", false),
      ("{\"if\":", ",\"then\":true,\"else\":false}", false),
    ] {
      let text = Array(prefix.utf8) + schemaText + Array(suffix.utf8)
      // It may have become too deep.
      guard let wrapped = compile(text, formats), let other = isValid(wrapped, document) else {
        continue
      }
      promise(other == (verdict != isNegated), "\(prefix)…\(suffix) means what it says")
    }
  }

  private static func compile(
    _ text: [UInt8], _ formats: JSONSchema.FormatPolicy
  ) -> JSONSchema? {
    do throws(SchemaError) {
      return try JSONSchema(parsing: text, formats: formats)
    } catch {
      promise(!error.description.isEmpty, "a refusal says why")
      return nil
    }
  }

  /// Nil: too much work to say.
  private static func isValid(_ schema: JSONSchema, _ document: JSONDocument) -> Bool? {
    withinTime("validating") {
      guard let violations = try? schema.validate(document, maxViolations: 5, maxSteps: steps)
      else { return nil }
      promise(violations.count <= 5, "violations are as many as asked for")
      promise(violations.allSatisfy { !$0.message.isEmpty }, "a violation says what is wrong")
      return violations.isEmpty
    }
  }

  /// Seconds of processor time that 50,000 steps, or a schema of 64 KiB, may take at most, with a
  /// sanitizer watching.
  private static let maxSeconds = 2

  private static func withinTime<Value>(_ what: String, _ body: () -> Value) -> Value {
    let start = clock()
    let value = body()
    promise(clock() - start < maxSeconds * CLOCKS_PER_SEC, "\(what) takes bounded time")
    return value
  }
}

extension JSONError.Reason {
  /// Whether it is about what is refused although RFC 8259 allows it.
  fileprivate var isBeyondGrammar: Bool {
    switch self {
    case .tooLarge, .tooDeep, .numberOutOfRange, .loneSurrogate, .duplicateKey: true
    default: false
    }
  }
}
