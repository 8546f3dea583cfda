/// How large a schema may be.
package struct SchemaLimits: Sendable, Hashable {
  /// Bytes of the schema's text; 64 KiB unless told.
  package let maxBytes: Int
  /// Arrays and objects inside one another in the schema's text; 64 unless told.
  package let maxDepth: Int
  /// Schemas inside the schema, itself counted; 10,000 unless told.
  package let maxSubschemas: Int
  /// States of all patterns together (``Pattern``); 50,000 unless told.
  package let maxPatternStates: Int

  package init(
    maxBytes: Int = 65_536, maxDepth: Int = 64, maxSubschemas: Int = 10_000,
    maxPatternStates: Int = 50_000
  ) {
    self.maxBytes = maxBytes
    self.maxDepth = maxDepth
    self.maxSubschemas = maxSubschemas
    self.maxPatternStates = maxPatternStates
  }
}
