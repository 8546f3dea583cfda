import Foundation
import JSONSchema

/// The public test suite of JSON Schema (github.com/json-schema-org/JSON-Schema-Test-Suite), read
/// where it lies: it is not part of the project.
enum Suite {
  /// `json-schema-suite` in the folder that INTEGRATIOND_CONFORMANCE names, or next to the checkout.
  static let root: URL = {
    let folder =
      ProcessInfo.processInfo.environment["INTEGRATIOND_CONFORMANCE"].map {
        URL(filePath: $0, directoryHint: .isDirectory)
      }
      ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "../shared/conformance").standardized
    return folder.appending(path: "json-schema-suite/tests/draft2020-12")
  }()

  static let isPresent = FileManager.default.fileExists(atPath: root.path)

  /// Names of the files in a folder of the suite, sorted.
  static func files(in folder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
      .filter { $0.hasSuffix(".json") }.sorted()
      .map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
  }

  struct Group {
    let name: String
    /// The error of a schema that is refused.
    let refusal: SchemaError?
    /// Tests whose outcome is not the expected one; empty for a refused schema.
    let wrong: [String]
  }

  static func run(_ file: String, formats: JSONSchema.FormatPolicy) throws -> [Group] {
    let document = try JSONDocument(
      parsing: Array(Data(contentsOf: root.appending(path: file))))
    return try (document.root.items ?? []).map { group in
      let name = group["description"]?.string ?? ""
      let source = group["schema"]?.serialized() ?? []
      let schema: JSONSchema
      do throws(SchemaError) {
        schema = try JSONSchema(parsing: source, formats: formats)
      } catch {
        return Group(name: name, refusal: error, wrong: [])
      }
      let wrong = try (group["tests"]?.items ?? []).filter { test in
        let data = try JSONDocument(parsing: test["data"]?.serialized() ?? [])
        return try schema.validate(data).isEmpty != test["valid"]?.bool
      }
      return Group(name: name, refusal: nil, wrong: wrong.compactMap { $0["description"]?.string })
    }
  }
}
