import FoundationEssentials
import PostgresClient
import TestSupport
import Testing

@Suite("The server's log")
struct ServerLogTests {
  @Test("is cut at a line when it has grown too long, and its end kept")
  func bounded() async throws {
    let world = try await ClusterWorld(.nothing)
    let log = ServerLog(
      path: world.directory.path + "/log", previousPath: world.directory.path + "/log.1")
    try "short\n".write(toFile: log.path, atomically: false, encoding: .utf8)
    try log.keepBounded(limitBytes: 100)
    #expect(log.tail() == "short")

    let lines = (1...50).map { "line \($0)\n" }.joined()
    try lines.write(toFile: log.path, atomically: false, encoding: .utf8)
    try log.keepBounded(limitBytes: 100)
    #expect(log.tail() == "")
    let kept = try String(contentsOfFile: log.previousPath, encoding: .utf8)
    #expect(kept.hasPrefix("line ") && kept.hasSuffix("line 50"))
    #expect(kept.utf8.count <= 100)
  }

  @Test("is quoted from where this start began")
  func tail() async throws {
    let world = try await ClusterWorld(.nothing)
    let log = ServerLog(path: world.directory.path + "/log", previousPath: "")
    try "old\nnew\n".write(toFile: log.path, atomically: false, encoding: .utf8)
    #expect(log.tail(from: 4) == "new")
    #expect(log.tail(from: 800) == "")
    #expect(try log.end() == 8)
  }

  @Test("that cannot be opened is told, but never hides another error")
  func unreadable() async throws {
    let log = ServerLog(path: "/nowhere/log", previousPath: "/nowhere/log.1")
    #expect(log.tail() == "")
    #expect(throws: EmbeddedClusterError.self) { try log.end() }
  }
}
