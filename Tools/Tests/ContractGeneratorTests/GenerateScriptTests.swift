import Foundation
import Testing

/// `Tools/generate.sh` writes everything or nothing, and `--check` writes nothing at all.
@Suite
struct GenerateScriptTests {
  @Test("what was generated is current, and generating again changes nothing")
  func current() throws {
    try Self.withRepository { repository in
      try repository.generate()
      let first = try repository.contents()
      try repository.generate("--check")
      try repository.generate()
      #expect(try repository.contents() == first)
      for file in [
        "Sources/CIntegrationProto/integration/v1/tenants.pb-c.c",
        "Sources/CIntegrationProto/include/integration/v1/tenants.pb-c.h",
        "Sources/IntegrationAPI/Generated/integration/v1/tenants/Tenant.swift",
        "Sources/TTRPC/Generated/ttrpc/ttrpc/TTRPCRequest.swift",
        "Tests/Fixtures/Generated/fixtures/v1/everything/Everything.swift",
        "proto/descriptors.binpb",
      ] {
        #expect(first[file] != nil, "\(file) is missing")
      }
    }
  }

  @Test("--check shows what is stale and changes nothing")
  func stale() throws {
    try Self.withRepository { repository in
      try repository.generate()
      try repository.edit("proto/integration/v1/tenants.proto") {
        $0.replacing("// UUID, lower case.", with: "// A UUID.")
      }
      let before = try repository.contents()
      let failure = try #require(
        #expect(throws: Protoc.Failure.self) { try repository.generate("--check") })
      #expect(failure.description.contains("+  /// A UUID."))
      #expect(failure.description.contains("generated code is stale"))
      #expect(try repository.contents() == before)
    }
  }

  @Test(
    "when a step fails the work tree is as it was",
    arguments: [
      ("string tenant_id = 1;", "string tenant_id 1;", "Missing field number"),
      ("string tenant_id = 1;", "string default = 1;", "is a reserved word"),
    ])
  func failure(replaced: String, replacement: String, message: String) throws {
    try Self.withRepository { repository in
      try repository.generate()
      try repository.edit("proto/integration/v1/tenants.proto") {
        $0.replacing(replaced, with: replacement, maxReplacements: 1)
      }
      let before = try repository.contents()
      let failure = try #require(
        #expect(throws: Protoc.Failure.self) { try repository.generate() })
      #expect(failure.description.contains(message), "\(failure)")
      #expect(try repository.contents() == before)
    }
  }

  @Test("a change that old peers would misread is refused until it is accepted")
  func incompatible() throws {
    try Self.withRepository { repository in
      try repository.generate()
      try repository.commit()
      try repository.edit("proto/integration/v1/tenants.proto") {
        $0.replacing("string display_name = 2;", with: "bytes display_name = 2;")
      }
      let failure = try #require(
        #expect(throws: Protoc.Failure.self) { try repository.generate() })
      #expect(failure.description.contains("integration.v1.Tenant (`display_name`) was string"))
      try repository.generate("--accept-incompatible")
      try repository.commit()
      try repository.generate("--check")
    }
  }

  @Test("unknown arguments are refused")
  func usage() throws {
    try Self.withRepository { repository in
      let failure = try #require(
        #expect(throws: Protoc.Failure.self) { try repository.generate("--verify") })
      #expect(failure.description.contains("usage: Tools/generate.sh"))
    }
  }

  // MARK: A repository of its own for each test

  private struct Repository {
    let folder: URL

    func generate(_ arguments: String...) throws {
      try Protoc.run(
        ["env", "CONTRACT_TOOLS=\(GenerateScriptTests.tools.path)", "Tools/generate.sh"]
          + arguments, in: folder)
    }

    func commit() throws {
      try Protoc.run(["git", "add", "--all"], in: folder)
      try Protoc.run(
        ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", "commit", "-qm", "-"],
        in: folder)
    }

    func edit(_ path: String, _ change: (String) -> String) throws {
      let file = folder.appending(path: path)
      let text = try String(contentsOf: file, encoding: .utf8)
      let changed = change(text)
      #expect(changed != text)
      try Data(changed.utf8).write(to: file)
    }

    /// Every file but git's, by path.
    func contents() throws -> [String: Data] {
      var contents: [String: Data] = [:]
      for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      where !path.hasPrefix(".git/") {
        let file = folder.appending(path: path)
        let type = try FileManager.default.attributesOfItem(atPath: file.path)[.type]
        if type as? FileAttributeType == .typeRegular {
          contents[path] = try Data(contentsOf: file)
        }
      }
      return contents
    }
  }

  /// Where this package's programs were built: beside the tests.
  private static let tools = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()

  private static func withRepository(_ body: (Repository) throws -> Void) throws {
    let root = Protoc.tests.appending(path: "../../..").standardizedFileURL
    try Protoc.withScratchFolder { scratch in
      for path in ["proto", "Tests/Protos", "Tools/generate.sh"] {
        let copy = scratch.appending(path: path)
        try FileManager.default.createDirectory(
          at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: root.appending(path: path), to: copy)
      }
      try FileManager.default.removeItem(at: scratch.appending(path: "proto/descriptors.binpb"))
      try Data(".build/\n".utf8).write(to: scratch.appending(path: ".gitignore"))
      try Protoc.run(["git", "init", "-q"], in: scratch)
      try body(Repository(folder: scratch))
    }
  }
}
