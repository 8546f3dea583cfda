import Foundation

/// The floors of the house (docs/architecture.md), and what the source files say about them.
struct House {
  /// Modules by floor; a module may import modules of lower floors, and of its own floor only those
  /// named before it.
  static let floors: [[String]] = [
    ["CLibpq", "CProtobufC", "CCurl", "CEpoll", "CIntegrationProto"],
    ["NetworkAddress", "Reactor", "ProtobufC", "PostgresClient", "OutboundHTTP"],
    ["TTRPC", "TTRPCServer", "KeyRules", "Signing", "DeliveryRules", "JSONSchema"],
    ["IntegrationAPI"],
    ["Integrations", "IntegrationClient"],
    ["integrationd", "integrationctl"],
  ]

  /// Modules that only floor 1 may import, being C.
  static let foreign: Set<String> = [
    "CLibpq", "CProtobufC", "CCurl", "CEpoll", "CIntegrationProto",
  ]

  let files: [SourceFile]

  /// - Parameter sources: a folder with one folder per module.
  init(sources: URL) throws {
    let manager = FileManager.default
    var files: [SourceFile] = []
    for module in try manager.contentsOfDirectory(atPath: sources.path).sorted() {
      guard let inside = manager.enumerator(atPath: sources.appending(path: module).path) else {
        continue
      }
      for case let path as String in inside where path.hasSuffix(".swift") {
        let text = try String(
          contentsOf: sources.appending(path: module).appending(path: path), encoding: .utf8)
        files.append(SourceFile(module: module, path: "\(module)/\(path)", text: text))
      }
    }
    self.files = files
  }

  /// What breaks a rule of the house, a line each.
  func violations() -> [String] {
    files.flatMap { file in
      arrows(of: file) + unsafety(of: file) + sendability(of: file) + accessLevels(of: file)
    }
  }

  private func arrows(of file: SourceFile) -> [String] {
    guard let floor = Self.floor(of: file.module) else {
      return ["\(file.path): the module \(file.module) stands on no floor"]
    }
    return file.imports.compactMap { imported in
      if Self.foreign.contains(imported), floor != 1 {
        return "\(file.path): only floor 1 may import C, and it imports \(imported)"
      }
      guard let other = Self.floor(of: imported) else { return nil }
      if other > floor { return "\(file.path): the import of \(imported) points up" }
      if other == floor, Self.position(of: imported) >= Self.position(of: file.module) {
        return "\(file.path): the import of \(imported) points sideways"
      }
      return nil
    }
  }

  private func unsafety(of file: SourceFile) -> [String] {
    guard Self.floor(of: file.module) != 1 else { return [] }
    return file.codeLines.compactMap { number, line in
      line.firstMatch(
        of: /\bunsafe\b|nonisolated\(unsafe\)|\bUnsafe(Mutable)?(Raw)?(Buffer)?Pointer\b/) == nil
        ? nil : "\(file.path):\(number): unsafe code above floor 1"
    }
  }

  private func sendability(of file: SourceFile) -> [String] {
    var findings: [String] = []
    for (number, line) in file.codeLines
    where line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)") {
      let before = file.lines[max(0, number - 8)..<number]
      if !before.contains(where: { $0.contains("SAFETY:") }) {
        findings.append("\(file.path):\(number): \(line.trimmed) without a SAFETY comment")
      }
    }
    return findings
  }

  private func accessLevels(of file: SourceFile) -> [String] {
    file.codeLines.compactMap { number, line in
      line.hasPrefix("import ") && Self.floor(of: file.module) != 5
        && Self.floors.joined().contains(where: { line == "import \($0)" })
        ? "\(file.path):\(number): an import of ours says its access level" : nil
    }
  }

  static func floor(of module: String) -> Int? { floors.firstIndex { $0.contains(module) } }

  private static func position(of module: String) -> Int {
    floors.joined().enumerated().first { $0.element == module }?.offset ?? .max
  }
}

/// A Swift file of one module.
struct SourceFile {
  let module: String
  let path: String
  let lines: [String]

  init(module: String, path: String, text: String) {
    self.module = module
    self.path = path
    lines = text.components(separatedBy: "\n")
  }

  /// Lines that are code, with their numbers from 1: no comments, and strings emptied.
  var codeLines: [(number: Int, line: String)] {
    var code: [(Int, String)] = []
    var inText = false
    for (index, line) in lines.enumerated() {
      let fences = line.components(separatedBy: "\"\"\"").count - 1
      defer { if fences % 2 == 1 { inText.toggle() } }
      guard !inText else { continue }
      let bare = line.replacing(/"(\\.|[^"\\])*"/, with: "\"\"")
      let end = bare.firstRange(of: "//")?.lowerBound ?? bare.endIndex
      if !bare[..<end].allSatisfy(\.isWhitespace) { code.append((index + 1, String(bare[..<end]))) }
    }
    return code
  }

  /// The modules it imports.
  var imports: [String] {
    codeLines.compactMap { _, line in
      line.firstMatch(
        of:
          /^\s*(?:@[\w()]+\s+)*(?:public |package |internal |private |fileprivate )?import (?:(?:struct|class|enum|protocol|func|var|typealias) )?(\w+)/
      ).map { String($0.output.1) }
    }
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
