import Foundation
import Testing

/// The rules of docs/architecture.md, held against the sources.
@Suite struct ArchitectureTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test("no arrow points up, C and unsafe code stay on floor 1, unchecked Sendable is explained")
  func house() throws {
    let house = try House(sources: Self.root.appending(path: "Sources"))
    #expect(!house.files.isEmpty)
    #expect(house.violations() == [])
  }

  @Test(
    "a file that breaks a rule is named",
    arguments: [
      ("TTRPC", "package import Integrations\n", "points up"),
      ("ProtobufC", "internal import PostgresClient\n", "points sideways"),
      ("Integrations", "internal import CLibpq\n", "only floor 1 may import C"),
      ("TTRPC", "let p = unsafe pointer.pointee\n", "unsafe code above floor 1"),
      ("TTRPC", "func f(_ p: UnsafePointer<UInt8>) {}\n", "unsafe code above floor 1"),
      ("Reactor", "final class A: @unchecked Sendable {}\n", "without a SAFETY comment"),
      ("Reactor", "nonisolated(unsafe) var a = 1\n", "without a SAFETY comment"),
      ("TTRPC", "import Reactor\n", "says its access level"),
      ("Helpers", "let a = 1\n", "stands on no floor"),
    ])
  func breaks(module: String, text: String, finding: String) throws {
    let findings = try violations(module: module, text: text)
    #expect(findings.count >= 1)
    #expect(findings.allSatisfy { $0.hasPrefix("\(module)/File.swift") })
    #expect(findings.contains { $0.contains(finding) })
  }

  @Test(
    "what only looks like a breach is none",
    arguments: [
      ("TTRPC", "// unsafe, says this comment\n"),
      ("TTRPC", "let a = \"unsafe import Integrations\"\n"),
      ("TTRPC", "let a = \"\"\"\n  unsafe\n  \"\"\"\n"),
      ("TTRPC", "package import ProtobufC\ninternal import Reactor\nimport Logging\n"),
      ("Reactor", "// SAFETY: only touched on its loop.\nfinal class A: @unchecked Sendable {}\n"),
      ("PostgresClient", "internal import CLibpq\npackage import Reactor\n"),
    ])
  func keeps(module: String, text: String) throws {
    #expect(try violations(module: module, text: text) == [])
  }

  @Test("every folder of Sources is a target of Package.swift")
  func targets() throws {
    let manifest = try String(
      contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
    let sources = Self.root.appending(path: "Sources")
    for module in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
      #expect(manifest.contains("name: \"\(module)\""), "Sources/\(module)")
      #expect(House.floor(of: module) != nil, "Sources/\(module)")
    }
  }

  private func violations(module: String, text: String) throws -> [String] {
    let sources = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    let folder = sources.appending(path: module)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: sources) } catch { Issue.record(error) }
    }
    try text.write(to: folder.appending(path: "File.swift"), atomically: true, encoding: .utf8)
    return try House(sources: sources).violations()
  }
}
