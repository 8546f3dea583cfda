import Foundation
import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The system's protoc, and folders for what it reads and writes.
enum Protoc {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  static let tests = URL(filePath: #filePath).deletingLastPathComponent()
  private static let contract =
    tests.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "proto")

  /// The files as the plugin gets them: with source information, linked with what they import.
  static func files(_ names: [String], in folder: URL) throws -> [FileDescriptor] {
    try withScratchFolder { scratch in
      let output = scratch.appending(path: "set.binpb")
      try run(
        ["protoc", "--include_imports", "--include_source_info"]
          + ["--proto_path=\(folder.path)", "--proto_path=\(contract.path)"]
          + ["--descriptor_set_out=\(output.path)"] + names)
      let set = try Google_Protobuf_FileDescriptorSet(serializedBytes: Data(contentsOf: output))
      return DescriptorSet(proto: set).files.filter { names.contains($0.name) }
    }
  }

  /// The file `test.proto` of that text.
  static func file(_ text: String) throws -> [FileDescriptor] {
    try withScratchFolder { scratch in
      try Data(text.utf8).write(to: scratch.appending(path: "test.proto"))
      return try files(["test.proto"], in: scratch)
    }
  }

  static func withScratchFolder<R>(_ body: (URL) throws -> R) throws -> R {
    let scratch = FileManager.default.temporaryDirectory
      .appending(path: "contract-generator-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer {
      // A left-over folder below the system's temporary one harms nobody.
      try? FileManager.default.removeItem(at: scratch)
    }
    return try body(scratch)
  }

  /// What a command printed, both ways.
  /// - Throws: ``Failure`` with that text when it fails.
  @discardableResult
  static func run(_ arguments: [String], in folder: URL? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(description: "\(arguments.joined(separator: " ")): \(text)")
    }
    return text
  }
}
