import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import integrationd

@Suite("Log lines")
struct LoggingTests {
  private let lines = Lines()

  private var logger: Logger {
    let lines = lines
    return Logger(label: "test") { label in
      LogfmtHandler(label: label, level: .debug) { lines.append($0) }
    }
  }

  @Test("are logfmt: quoted where needed, sorted, one line whatever the message holds")
  func format() throws {
    logger.info(
      "two\nlines \"quoted\" \\ \t\r \u{1B}[31m é",
      metadata: ["b": "plain", "a": "with space", "odd key": "", "c": "x=y"])
    let line = try #require(lines.all.first)
    #expect(line.hasPrefix("time=20"))
    #expect(
      line.hasSuffix(
        " level=info logger=test msg=\"two\\nlines \\\"quoted\\\" \\\\ \\t\\r \\u{1b}[31m é\" "
          + "a=\"with space\" b=plain c=\"x=y\" odd_key=\"\"\n"))
  }

  @Test("time is UTC with milliseconds")
  func time() {
    let line = LogfmtHandler.line(
      time: Date(timeIntervalSince1970: 1_700_000_000.25), level: .error, label: "l", message: "m",
      metadata: [:])
    #expect(line == "time=2023-11-14T22:13:20.250Z level=error logger=l msg=m\n")
  }

  @Test("carry the logger's own metadata and errors, and obey the level")
  func metadata() throws {
    struct Trouble: Error {}
    var logger = logger
    logger[metadataKey: "tenant"] = "t"
    #expect(logger[metadataKey: "tenant"] == "t")
    logger.trace("hidden")
    logger.error("shown", error: Trouble(), metadata: ["tenant": "u"])
    #expect(lines.all.count == 1)
    #expect(lines.all.first?.contains("error=Trouble()") == true)
    #expect(lines.all.first?.contains("tenant=u") == true)
  }

  @Test("values have a bounded length")
  func length() {
    logger.info("\(String(repeating: "x", count: 100_000))")
    #expect((lines.all.first?.count ?? .max) < 4300)
  }

  @Test(
    "never show a token",
    arguments: [
      ("key sk_live_3fZkAbCdEf0123456789 end", "key sk_live_[redacted] end"),
      ("ss_0123456789abcdef", "ss_01234[redacted]"),
      ("a=sk_dev_aaaaaaaaaaaaaaa,sk_stg_bbbbbbbbbb", "a=sk_dev_a[redacted],sk_stg_b[redacted]"),
      ("task_live_3fZkAbCdEf0123456789", "task_live_3fZkAbCdEf0123456789"),
      ("sk_short", "sk_short"),
      ("plain", "plain"),
      ("sk", "sk"),
    ])
  func tokens(text: String, clean: String) {
    #expect(SecretScrubber.scrub(text) == clean)
    logger.info("\(text)", metadata: ["k": "\(text)"])
    if text != clean { #expect(!lines.all.joined().contains(text)) }
  }

  private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
  }
}
