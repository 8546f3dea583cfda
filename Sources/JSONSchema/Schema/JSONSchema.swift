/// A JSON Schema, compiled once and ready to validate any number of documents.
///
/// The language is draft 2020-12 (`$schema` absent or naming it), with `definitions` and
/// `dependencies` of draft-07. A schema whose `$schema` names draft-07 has that draft's meaning
/// where the two differ: an array of schemas in `items` with `additionalItems`, `$id: "#name"` as
/// an anchor, neighbours of `$ref` ignored. Keywords that only 2020-12 has keep their meaning.
///
/// - References: `$ref` and `$dynamicRef` reach what is inside the same schema, by pointer,
///   `$anchor` or `$id`. Other documents, the metaschemas included, are never fetched: to refer to
///   one is an error.
/// - Annotations: `format` is one unless asserted (``FormatPolicy``), and so are `content…`,
///   `default`, `title` and the like. `$vocabulary` and unknown keywords are ignored.
/// - Patterns: ``Pattern`` says what they may hold.
/// - Numbers: exact (``JSONNumber``); `multipleOf` has at most 18 significant digits.
///
/// Both the schema and the documents may be hostile. Compiling is bounded by ``SchemaLimits``, and
/// validating by steps. Neither recurses, but for the groups of a pattern, 32 deep at most, so a
/// stack of 512 KiB is enough for anything.
package struct JSONSchema: Sendable {
  /// What becomes of `format`.
  package enum FormatPolicy: Sendable {
    case annotated
    /// `date-time`, `date`, `time`, `email`, `uuid`, `uri`, `ipv4` and `ipv6` must hold for
    /// strings.
    case asserted
  }

  /// Violations reported unless told otherwise.
  package static let defaultMaxViolations = 10

  let compiled: CompiledSchema

  /// - Throws: ``SchemaError``, with the place in the schema.
  package init(
    parsing bytes: [UInt8], formats: FormatPolicy = .annotated,
    limits: SchemaLimits = SchemaLimits()
  ) throws(SchemaError) {
    let document: JSONDocument
    do {
      document = try JSONDocument(
        parsing: bytes,
        limits: JSONLimits(maxBytes: limits.maxBytes, maxDepth: limits.maxDepth))
    } catch {
      throw SchemaError(reason: .notJSON(error), pointer: error.pointer)
    }
    var compiler = SchemaCompiler(document, formats: formats, limits: limits)
    compiled = try compiler.compile()
  }

  /// What keeps a document from being valid, in the order found; nothing when it is valid.
  /// - Parameters:
  ///   - maxViolations: after so many it looks no further; at least 1.
  ///   - maxSteps: the work it may take (``StepBudget``).
  /// - Throws: ``ValidationError`` `tooComplex` when that was not enough.
  package func validate(
    _ document: JSONDocument, maxViolations: Int = defaultMaxViolations,
    maxSteps: Int = StepBudget.usualSteps
  ) throws(ValidationError) -> [Violation] {
    var validation = validation(
      of: document, maxViolations: maxViolations, budget: StepBudget(steps: maxSteps))
    while try !validation.goOn(steps: .max) {}
    return validation.violations
  }

  /// The same in parts, for who has other things to do meanwhile.
  package func validation(
    of document: JSONDocument, maxViolations: Int = defaultMaxViolations, budget: StepBudget
  ) -> Validation {
    Validation(Validator(compiled, document, maxViolations: max(maxViolations, 1), budget))
  }
}
