import ContractCompatibility
import Foundation
import SwiftProtobuf
import Testing

/// A contract is compared with the one that peers were built with.
@Suite
struct CompatibilityTests {
  private static let old = """
    message Tenant {
      reserved 9;
      reserved "colour";
      string tenant_id = 1;
      repeated string tags = 2;
      State state = 3;
      Part part = 4;
      oneof subject { string text = 5; int32 number = 6; }
      message Inner { int32 size = 1; }
    }
    message Part { int32 size = 1; }
    enum State { STATE_UNSPECIFIED = 0; reserved 5; STATE_ACTIVE = 1; }
    service Tenants { rpc Get(Part) returns (Tenant); rpc Watch(Part) returns (stream Tenant); }
    """

  struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let replaced: String
    let replacement: String
    let found: [String]

    init(_ description: String, _ replaced: String, _ replacement: String, _ found: String...) {
      testDescription = description
      self.replaced = replaced
      self.replacement = replacement
      self.found = found
    }
  }

  @Test(
    "a change is judged by what old peers make of it",
    arguments: [
      Change("nothing", "message Part", "message Part"),
      Change("a new field", "Part part = 4;", "Part part = 4; bytes blob = 7;"),
      Change("a new enum value", "STATE_ACTIVE = 1;", "STATE_ACTIVE = 1; STATE_GONE = 2;"),
      Change("a new method", "service Tenants {", "service Tenants { rpc Do(Part) returns (Part);"),
      Change("a new message", "enum State", "message New {} enum State"),
      Change(
        "a field that goes and leaves its number and name reserved", "string tenant_id = 1;",
        #"reserved 1; reserved "tenant_id";"#),
      Change(
        "an enum value that goes and leaves its number and name reserved", "STATE_ACTIVE = 1;",
        #"reserved 1; reserved "STATE_ACTIVE";"#),
      Change(
        "a field that just goes", "string tenant_id = 1;", "",
        "field 1 of test.v1.Tenant (`tenant_id`) is gone: write `reserved \"tenant_id\";`",
        "field 1 of test.v1.Tenant (`tenant_id`) is gone: write `reserved 1;`"),
      Change(
        "a field with another name", "string tenant_id = 1;", "string id = 1;",
        "field 1 of test.v1.Tenant (`tenant_id`) is now called `id`"),
      Change(
        "a field of another type", "string tenant_id = 1;", "bytes tenant_id = 1;",
        "field 1 of test.v1.Tenant (`tenant_id`) was string and is now bytes"),
      Change(
        "a field of another message", "Part part = 4;", "Inner part = 4;",
        "field 4 of test.v1.Tenant (`part`) was test.v1.Part and is now test.v1.Tenant.Inner"),
      Change(
        "a field that is no longer repeated", "repeated string tags", "string tags",
        "field 2 of test.v1.Tenant (`tags`) is now optional"),
      Change(
        "a field that left its oneof", "oneof subject { string text = 5; int32 number = 6; }",
        "string text = 5; oneof subject { int32 number = 6; }",
        "field 5 of test.v1.Tenant (`text`) was in subject and is now in none"),
      Change(
        "a reserved number in use", "reserved 9;", "string size = 9;",
        "field 9 of test.v1.Tenant was reserved: take a new number"),
      Change(
        "a reserved name in use", #"reserved "colour";"#, "string colour = 8;",
        "field 8 of test.v1.Tenant: the name `colour` was reserved"),
      Change(
        "a message that goes", "message Inner { int32 size = 1; }", "",
        "message test.v1.Tenant.Inner is gone"),
      Change(
        "an enum value that just goes", "STATE_ACTIVE = 1;", "",
        "value 1 of test.v1.State (`STATE_ACTIVE`) is gone: write `reserved 1;`"),
      Change(
        "an enum value whose name may come back", "STATE_ACTIVE = 1;", "reserved 1;",
        "value 1 of test.v1.State (`STATE_ACTIVE`) is gone: write `reserved \"STATE_ACTIVE\";`"),
      Change(
        "an enum value with another name", "STATE_ACTIVE = 1;", "STATE_LIVE = 1;",
        "value 1 of test.v1.State (`STATE_ACTIVE`) is now called `STATE_LIVE`"),
      Change(
        "a reserved enum number in use", "reserved 5;", "STATE_LOST = 5;",
        "value 5 of test.v1.State was reserved: take a new number"),
      Change(
        "a method that goes", "rpc Get(Part) returns (Tenant);", "",
        "method test.v1.Tenants.Get is gone"),
      Change(
        "a method with other messages", "rpc Get(Part) returns (Tenant);",
        "rpc Get(Tenant) returns (Part);",
        "method test.v1.Tenants.Get answered test.v1.Tenant and now test.v1.Part",
        "method test.v1.Tenants.Get took test.v1.Part and now test.v1.Tenant"),
      Change(
        "a method that no longer streams", "returns (stream Tenant)", "returns (Tenant)",
        "method test.v1.Tenants.Watch streams differently"),
    ])
  func change(_ change: Change) throws {
    #expect(Self.old.contains(change.replaced))
    let old = try contract(Self.old)
    let new = try contract(Self.old.replacing(change.replaced, with: change.replacement))
    #expect(new.incompatibilities(with: old) == change.found)
  }

  @Test("an enum that goes is missed")
  func enumGoes() throws {
    let old = try contract("enum State { STATE_UNSPECIFIED = 0; }")
    let new = try contract("message A {}")
    #expect(new.incompatibilities(with: old) == ["enum test.v1.State is gone"])
  }

  @Test("bytes that are no descriptor set are refused")
  func garbage() {
    #expect(throws: (any Error).self) { try Contract(descriptorSet: [0xFF, 0xFF, 0xFF]) }
  }

  private func contract(_ body: String) throws -> Contract {
    let scratch = FileManager.default.temporaryDirectory
      .appending(path: "contract-compatibility-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer {
      // A left-over folder below the system's temporary one harms nobody.
      try? FileManager.default.removeItem(at: scratch)
    }
    let text = "syntax = \"proto3\"; package test.v1;\n" + body
    try Data(text.utf8).write(to: scratch.appending(path: "test.proto"))
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.currentDirectoryURL = scratch
    process.arguments = ["protoc", "--descriptor_set_out=set.binpb", "test.proto"]
    try process.run()
    process.waitUntilExit()
    return try Contract(
      descriptorSet: Array(Data(contentsOf: scratch.appending(path: "set.binpb"))))
  }
}
