import ContractGenerator
import Foundation
import SwiftProtobufPluginLibrary
import Testing

/// Each file of `Protos` becomes what its folder in `Golden` holds. After a change that is meant,
/// `UPDATE_GOLDEN=1 swift test --package-path Tools` writes the folders anew: read the diff.
@Suite
struct GoldenTests {
  private static let golden = Protoc.tests.appending(path: "Golden")

  @Test(
    "a proto file becomes the Swift it always became",
    arguments: [
      "comments", "enums", "names", "nested", "oneof", "repeated", "scalars", "streaming",
    ])
  func fixture(name: String) throws {
    try check(name, layout: .fixtures) { $0.path.contains("/\(name)/") }
  }

  @Test("descriptors of messages, enums and services are wrapped")
  func descriptors() throws {
    try check("descriptors", layout: .fixtures) { _ in true }
  }

  @Test("services, messages and comments of the contract become tables")
  func catalogue() throws {
    try check("catalogue", layout: .integrationd) { _ in true }
  }

  @Test("generating twice gives the same")
  func deterministic() throws {
    let first = try generate("oneof", layout: .fixtures)
    let second = try generate("oneof", layout: .fixtures)
    #expect(first == second)
  }

  @Test("swift format has nothing to add to generated code")
  func formatted() throws {
    let configuration =
      #"{"version": 1, "lineLength": 100, "indentation": {"spaces": 2}, "rules": {"#
      + #""ValidateDocumentationComments": true}}"#
    try Protoc.run(
      [
        "swift", "format", "lint", "--strict", "--recursive", "--configuration", configuration, ".",
      ], in: Self.golden)
  }

  private func generate(_ name: String, layout: Layout) throws -> [GeneratedFile] {
    let folder = Protoc.tests.appending(path: "Protos")
    return try ContractGenerator(layout: layout).generate(
      Protoc.files(["\(name).proto"], in: folder))
  }

  private func check(
    _ name: String, layout: Layout, _ isChecked: (GeneratedFile) -> Bool
  ) throws {
    let folder = Self.golden.appending(path: name)
    let files = try generate(name, layout: layout).filter(isChecked)
    let names = files.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path }
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] != nil {
      if FileManager.default.fileExists(atPath: folder.path) {
        try FileManager.default.removeItem(at: folder)
      }
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      for (file, name) in zip(files, names) {
        try Data(file.text.utf8).write(to: folder.appending(path: name))
      }
    }
    #expect(try Set(FileManager.default.contentsOfDirectory(atPath: folder.path)) == Set(names))
    for (file, name) in zip(files, names) {
      let expected = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(file.text == expected, "\(name) differs")
    }
  }
}
