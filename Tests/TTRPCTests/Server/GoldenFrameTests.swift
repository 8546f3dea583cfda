import Foundation
import TTRPC
import Testing

/// The golden frames of `proto/ttrpc/PROTOCOL.md`, sent to a real server.
@Suite("Golden frames")
struct GoldenFrameTests {
  /// A block of the page: bytes to send and frames to expect, in turns.
  struct Block: Sendable, CustomTestStringConvertible {
    enum Step: Sendable {
      case send([UInt8])
      /// One frame; nil is any byte, `isOpen`: more bytes may follow.
      case expect([UInt8?], isOpen: Bool)
      case closed
    }

    var rule: String
    var steps: [Step]
    var testDescription: String { rule }
  }

  static let page: String = {
    let file = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("proto/ttrpc/PROTOCOL.md")
    return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
  }()

  static let blocks: [Block] = {
    var blocks: [Block] = []
    var rule = ""
    var lines: [String]?
    for line in page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("**"), let name = line.split(separator: "*").first { rule = String(name) }
      if line == "```golden" {
        lines = []
      } else if line == "```", let found = lines {
        blocks.append(Block(rule: rule, steps: steps(found)))
        lines = nil
      } else {
        lines?.append(line)
      }
    }
    return blocks
  }()

  /// Consecutive lines of one direction belong together; a header starts at the margin.
  private static func steps(_ lines: [String]) -> [Block.Step] {
    var steps: [Block.Step] = []
    for line in lines {
      let text = String(line.dropFirst(2).prefix { $0 != "#" })
      if line == "< closed" {
        steps.append(.closed)
        continue
      }
      let (tokens, times) = repeated(text)
      let bytes = tokens.flatMap(values)
      switch (line.hasPrefix(">"), steps.last) {
      case (true, .send(let before)):
        steps[steps.count - 1] = .send(before + bytes.compactMap { $0 })
      case (true, _):
        steps.append(
          .send((0..<times).flatMap { _ in bytes.compactMap { $0 } }))
      case (false, .expect(let before, _)) where text.hasPrefix("  "):
        steps[steps.count - 1] = .expect(before + bytes, isOpen: tokens.contains("..."))
      case (false, _):
        for _ in 0..<times { steps.append(.expect(bytes, isOpen: tokens.contains("..."))) }
      }
    }
    return steps
  }

  /// The tokens of `(A B)*N`, or of a plain line.
  private static func repeated(_ text: String) -> ([String], Int) {
    let plain = text.trimmingCharacters(in: .whitespaces)
    guard plain.hasPrefix("("), let end = plain.lastIndex(of: ")") else {
      return (plain.split(separator: " ").map(String.init), 1)
    }
    let inner = plain[plain.index(after: plain.startIndex)..<end]
    let times = Int(plain[plain.index(end, offsetBy: 2)...]) ?? 0
    return (inner.split(separator: " ").map(String.init), times)
  }

  private static func values(_ token: String) -> [UInt8?] {
    if token == "..." { return [] }
    if token == "??" { return [nil] }
    let parts = token.split(separator: "*")
    let byte = UInt8(parts[0], radix: 16)
    precondition(byte != nil, "not a byte: \(token)")
    return [UInt8?](repeating: byte, count: parts.count == 2 ? Int(parts[1]) ?? 0 : 1)
  }

  @Test("the server answers as the page says", arguments: blocks)
  func replay(block: Block) async throws {
    try await World.with { world in
      let raw = try await world.raw()
      for step in block.steps {
        switch step {
        case .send(let bytes): await raw.send(bytes)
        case .closed: #expect(await raw.next() == nil)
        case .expect(let pattern, let isOpen):
          let frame = try #require(await raw.next())
          let bytes =
            RawClient.header(
              length: UInt32(frame.body.count), frame.header.type, frame.header.flags,
              stream: frame.header.streamID) + frame.body
          #expect(isOpen ? bytes.count >= pattern.count : bytes.count == pattern.count)
          for (index, (byte, expected)) in zip(bytes, pattern).enumerated() {
            if let expected { #expect(byte == expected, "byte \(index) of \(bytes)") }
          }
        }
      }
      await raw.close()
    }
  }

  @Test("every rule has golden frames, or a test that has the rule in its name")
  func complete() throws {
    // At the margin, or first in the row of a table.
    let rules = Set(Self.page.matches(of: /(?m)^(?:\| )?\*\*([A-Z]\d+)\*\*/).map { String($0.1) })
    #expect(rules.count == 46)
    let golden = Set(Self.blocks.map(\.rule))
    #expect(golden.count == Self.blocks.count && golden.count == 26)
    let named = try Self.rulesInTestNames()
    #expect(rules.subtracting(golden).subtracting(named).isEmpty)
    #expect(golden.union(named).subtracting(rules).isEmpty)
  }

  /// The rules in parentheses at the end of the names of this module's tests.
  private static func rulesInTestNames() throws -> Set<String> {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().resolvingSymlinksInPath()
    var rules: Set<String> = []
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    where path.hasSuffix(".swift") {
      let text = try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
      for name in text.matches(of: /@Test\(\s*"[^"]*\(([A-Z]\d+(?:, [A-Z]\d+)*)\)"/) {
        rules.formUnion(name.1.split(separator: ", ").map(String.init))
      }
    }
    return rules
  }
}
