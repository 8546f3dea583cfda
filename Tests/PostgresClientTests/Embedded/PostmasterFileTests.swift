import PostgresClient
import Testing

@Suite("postmaster.pid")
struct PostmasterFileTests {
  private static let text = """
    4711
    /var/lib/integrationd/postgres/data
    1763917200
    5432
    /var/lib/integrationd/postgres/run

      1048641         0
    ready   

    """

  @Test("tells process, socket directory and state")
  func complete() throws {
    let file = try #require(PostmasterFile(text: Self.text))
    #expect(file.pid == 4711)
    #expect(file.socketDirectory == "/var/lib/integrationd/postgres/run")
    #expect(file.status == .ready)
  }

  @Test(
    "tells every state PostgreSQL writes",
    arguments: [
      ("starting", PostmasterFile.Status.starting), ("stopping", .stopping), ("ready   ", .ready),
      ("standby ", .unknown), ("", .unknown),
    ])
  func states(word: String, status: PostmasterFile.Status) {
    let text = Self.text.replacing("ready   ", with: word)
    #expect(PostmasterFile(text: text)?.status == status)
  }

  @Test("cut off anywhere is a file with less in it, or none")
  func truncated() {
    for length in 0...Self.text.count {
      let file = PostmasterFile(text: String(Self.text.prefix(length)))
      if let file { #expect("4711".hasPrefix("\(file.pid)")) }
    }
  }

  @Test(
    "that is something else is none",
    arguments: ["", "\n", "-4711\n", "0\n", "x\n", "99999999999\n"])
  func nonsense(text: String) {
    #expect(PostmasterFile(text: text) == nil)
  }

  @Test("with random bytes never traps")
  func random() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0...64, using: &generator)).map { _ in
        [UInt8(ascii: "\n"), UInt8(ascii: "7"), UInt8.random(in: 0...255, using: &generator)]
          .randomElement(using: &generator) ?? 0
      }
      let file = PostmasterFile(text: String(decoding: bytes, as: UTF8.self))
      if let file { #expect(file.pid > 0) }
    }
  }
}
