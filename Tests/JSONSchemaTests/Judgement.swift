import JSONSchema

/// What a schema says about a document: a line for each violation, "POINTER MESSAGE".
func judge(
  _ schema: String, _ instance: String, formats: JSONSchema.FormatPolicy = .annotated,
  maxViolations: Int = JSONSchema.defaultMaxViolations
) throws -> [String] {
  let schema = try JSONSchema(parsing: Array(schema.utf8), formats: formats)
  let document = try JSONDocument(parsing: Array(instance.utf8))
  return try schema.validate(document, maxViolations: maxViolations).map(\.description)
}
