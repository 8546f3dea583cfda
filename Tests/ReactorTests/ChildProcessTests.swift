import Reactor
import Testing

@Suite struct ChildProcessTests {
  @Test("a program's output, errors and code are brought back")
  func runs() async throws {
    try await World.run { world in
      let exit = try await ChildProcess.run(
        .init("sh", ["-c", "echo out; echo err >&2; pwd; echo $X; exit 3"], environment: ["X": "y"],
          workingDirectory: "/usr"),
        on: world.loop, deadline: .within(.seconds(30)))
      #expect(exit.reason == .exited(code: 3))
      #expect(exit.outputText == "out\n/usr\ny\n")
      #expect(exit.errorText == "err\n")
    }
  }
}
