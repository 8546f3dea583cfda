import Integrations
import Testing

@Suite("Method patterns")
struct MethodPatternTests {
  @Test(
    "a star stands for any run of characters",
    arguments: [
      ("*", "a.B/C", true),
      ("a.B/C", "a.B/C", true),
      ("a.B/C", "a.B/CD", false),
      ("a.B/C", "xa.B/C", false),
      ("a.B/*", "a.B/C", true),
      ("a.B/*", "a.B/", true),
      ("a.*/C", "a.b.B/C", true),
      ("*.B/Get*Key", "a.B/GetApiKey", true),
      ("*.B/Get*Key", "a.B/GetApiKeyUsage", false),
      ("*a*/*a*b", "xaya/aaab", true),
      ("*a*/*a*b", "xaya/aaac", false),
      ("a.B/C**", "a.B/C", true),
    ])
  func matching(pattern: String, method: String, isMatch: Bool) throws {
    #expect(try #require(MethodPattern(pattern)).matches(method) == isMatch)
  }

  @Test(
    "what cannot name a method is no pattern",
    arguments: [
      "", "Get", "a/b/c", "a b/c", "a/é", "a/b\n", String(repeating: "a", count: 200) + "/",
    ])
  func refused(text: String) {
    #expect(MethodPattern(text) == nil)
  }

  @Test("many stars take no long time")
  func stars() throws {
    let pattern = try #require(MethodPattern(String(repeating: "*a", count: 90) + "*/b"))
    #expect(!pattern.matches(String(repeating: "a", count: 2000) + "/c"))
  }
}
