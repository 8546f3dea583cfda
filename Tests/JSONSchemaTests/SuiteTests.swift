import JSONSchema
import Testing

/// The public test suite, all of it but what is listed, with the reason, as expected to be refused.
/// A listed schema that is no longer refused fails the test as well.
@Suite(
  .enabled(
    if: Suite.isPresent,
    "the JSON Schema test suite is not here: INTEGRATIOND_CONFORMANCE names its parent folder"))
struct SuiteTests {
  /// Schemas that refer to other documents, or to a metaschema of their own.
  enum Exclusion {
    case remoteReference, ownMetaschema

    func accepts(_ reason: SchemaError.Reason) -> Bool {
      switch (self, reason) {
      case (.remoteReference, .remoteReference), (.ownMetaschema, .unknownDialect): true
      default: false
      }
    }
  }

  static let exclusions: [String: [String: Exclusion]] = [
    "defs.json": ["validate definition against metaschema": .remoteReference],
    "dynamicRef.json": [
      "strict-tree schema, guards against misspelled properties": .remoteReference,
      "tests for implementation dynamic anchor and reference link": .remoteReference,
      "$ref and $dynamicAnchor are independent of order - $defs first": .remoteReference,
      "$ref and $dynamicAnchor are independent of order - $ref first": .remoteReference,
      "$ref to $dynamicRef finds detached $dynamicAnchor": .remoteReference,
    ],
    "ref.json": ["remote ref, containing refs itself": .remoteReference],
    "refRemote.json": [
      "remote ref": .remoteReference,
      "fragment within remote ref": .remoteReference,
      "anchor within remote ref": .remoteReference,
      "ref within remote ref": .remoteReference,
      "base URI change": .remoteReference,
      "base URI change - change folder": .remoteReference,
      "base URI change - change folder in subschema": .remoteReference,
      "root ref in remote ref": .remoteReference,
      "remote ref with ref to defs": .remoteReference,
      "Location-independent identifier in remote ref": .remoteReference,
      "retrieved nested refs resolve relative to their URI not $id": .remoteReference,
      "remote HTTP ref with different $id": .remoteReference,
      "remote HTTP ref with different URN $id": .remoteReference,
      "remote HTTP ref with nested absolute ref": .remoteReference,
      "$ref to $ref finds detached $anchor": .remoteReference,
    ],
    "vocabulary.json": [
      "schema that uses custom metaschema with with no validation vocabulary": .ownMetaschema,
      "ignore unrecognized optional vocabulary": .ownMetaschema,
    ],
    "optional/cross-draft.json": [
      "refs to historic drafts are processed as historic drafts": .remoteReference
    ],
    "optional/format-assertion.json": [
      "schema that uses custom metaschema with format-assertion: false": .ownMetaschema,
      "schema that uses custom metaschema with format-assertion: true": .ownMetaschema,
    ],
  ]

  /// The formats that can be asserted.
  static let formats = ["date-time", "date", "time", "email", "uuid", "uri", "ipv4", "ipv6"]

  @Test("the required tests pass", arguments: Suite.isPresent ? try Suite.files() : [])
  func required(file: String) throws { try check(file, formats: .annotated) }

  @Test(
    "the optional tests pass", arguments: Suite.isPresent ? try Suite.files(in: "optional") : [])
  func optional(file: String) throws { try check(file, formats: .annotated) }

  @Test("the tests of asserted formats pass", arguments: formats)
  func asserted(format: String) throws {
    try check("optional/format/\(format).json", formats: .asserted)
  }

  @Test("exclusions name files that exist")
  func exclusionsExist() throws {
    let files = Set(try Suite.files() + Suite.files(in: "optional"))
    #expect(Set(Self.exclusions.keys).isSubset(of: files))
  }

  private func check(_ file: String, formats: JSONSchema.FormatPolicy) throws {
    var exclusions = Self.exclusions[file] ?? [:]
    let groups = try Suite.run(file, formats: formats)
    #expect(!groups.isEmpty)
    for group in groups {
      if let exclusion = exclusions.removeValue(forKey: group.name) {
        let reason = try #require(group.refusal?.reason, "\(group.name) is no longer refused")
        #expect(exclusion.accepts(reason), "\(group.name): \(reason)")
      } else {
        #expect(group.refusal == nil, "\(group.name)")
        #expect(group.wrong == [], "\(group.name)")
      }
    }
    #expect(exclusions.isEmpty, "listed, and not in the file: \(exclusions.keys)")
  }
}
