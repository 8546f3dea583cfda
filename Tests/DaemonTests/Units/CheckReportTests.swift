import Testing

@testable import integrationd

@Suite("Reports of check")
struct CheckReportTests {
  @Test("line up for people, with remedies below")
  func text() {
    var report = CheckReport()
    report.ok("access", "2 callers")
    #expect(report.isClean)
    report.warn("clock", "is off", remedy: "set it\nand keep it")
    report.fail("database", "gone")
    #expect(!report.isClean)
    #expect(
      report.text == """
        ok      access        2 callers
        warning clock         is off
                              -> set it
                                 and keep it
        failed  database      gone

        """)
  }

  @Test("are JSON for programs")
  func json() throws {
    var report = CheckReport()
    report.fail("database", "gone", remedy: "start it")
    #expect(
      try report.json() == """
        {
          "items" : [
            {
              "check" : "database",
              "message" : "gone",
              "remedy" : "start it",
              "state" : "failed"
            }
          ],
          "ok" : false
        }

        """)
  }
}
