import Foundation
import JSONSchema
import Testing

@Suite struct PatternTests {
  @Test(
    "a pattern matches",
    arguments: [
      ("", ""), ("", "a"), ("a", "bab"), ("^a*$", ""), ("^a*$", "aaa"), ("a+", "xay"),
      ("^(ab|c)+$", "abcab"), ("^a?b$", "b"), ("^a{3}$", "aaa"), ("^a{2,}$", "aaaa"),
      ("^a{2,3}$", "aa"), ("^a{0}$", ""), ("^a{0,0}b$", "b"), ("^(?:a|b)*?c$", "abbac"),
      ("^(?<year>\\d{4})-(\\d\\d)$", "2026-01"), ("^.$", "😀"), ("^.$", "\u{85}"), ("^[^a]$", "é"),
      ("^[a-c\\d_-]+$", "a-1_c"), ("^[^]$", "\n"), ("^[\\b]$", "\u{8}"),
      ("^[\\^\\]\\\\-]+$", "^]\\-"), ("^\\d\\D\\w\\W\\s\\S$", "1a_- x"), ("^[\\D]$", "x"),
      ("^\\t\\n\\v\\f\\r\\0$", "\t\n\u{b}\u{c}\r\0"), ("^\\cA\\x41\\u0042\\u{43}$", "\u{1}ABC"),
      ("^\\ud83d\\ude00$", "😀"), ("^[\\u{1f600}-\\u{1f610}]$", "😀"), ("^\\p{L}+$", "aéЖ"),
      ("^\\p{Lu}\\p{Lowercase_Letter}$", "Éa"), ("^\\p{gc=Nd}\\p{General_Category=Nd}$", "1২"),
      ("^\\P{L}$", "1"), ("^[\\p{L}\\p{Nd}]+$", "a1é"), ("^[^\\p{L}]$", "1"), ("^\\p{ASCII}$", "~"),
      (
        "^\\p{Alphabetic}\\p{Uppercase}\\p{Lowercase}\\p{White_Space}\\p{Any}\\p{Assigned}$",
        "éÉé x!"
      ),
      ("^\\p{P}\\p{S}\\p{Z}\\p{M}\\p{C}\\p{LC}$", "!+ \u{301}\u{1}a"), ("\\bfoo\\b", "a foo."),
      ("o\\Bo", "foo"), ("\\/\\-\\.\\*\\$\\@", "/-.*$@"), ("a|b|", "zzz"),
      ("(a*)*b", "aab"), ("(a|b*|())+$", "ab"), ("^(^a)b", "ab"), ("(^|,)a(,|$)", "b,a"),
      ("^[a-]$", "-"), ("^[-a]$", "-"), ("^[\\w-]$", "-"), ("^[+--]$", ","), ("x$|^y", "yx"),
      ("^\u{e9}$", "\u{e9}"),
    ])
  func matching(pattern: String, text: String) throws {
    #expect(try matches(pattern, text))
  }

  @Test(
    "a pattern does not match",
    arguments: [
      ("a", ""), ("^a$", "a\n"), ("^a$", "b\na"), ("A", "a"), ("^a{3}$", "aa"), ("^a{3}$", "aaaa"),
      ("^a{2,3}$", "aaaa"), ("^.$", "\n"), ("^.$", "\u{2028}"), ("^.$", "ab"), ("^[a-c]$", "d"),
      ("[]", "a"), ("^[^a-c]$", "b"), ("^\\d$", "২"), ("^\\w$", "é"), ("^\\s$", "\u{85}"),
      ("^\\S$", "\u{3000}"), ("^\\p{Lu}$", "a"), ("^\\P{L}$", "é"), ("^[^\\P{L}]$", "1"),
      ("\\bfoo\\b", "afoo"), ("\\Bfoo", "foo"), ("a^", "a"), ("$a", "a"), ("^(ab|c)+$", "abb"),
      ("^\u{e9}$", "e\u{301}"), ("x^|$y", "xy"), ("^\\p{Cn}$", "a"), ("^[\\s\\S]$", ""),
    ])
  func notMatching(pattern: String, text: String) throws {
    #expect(try !matches(pattern, text))
  }

  @Test(
    "what no such matcher can do, or nobody should write, is refused",
    arguments: [
      ("(a)\\1", PatternError.Reason.unsupported(.backreference), 3),
      ("(?<n>a)\\k<n>", .unsupported(.backreference), 7), ("a(?=b)", .unsupported(.lookahead), 1),
      ("a(?!b)", .unsupported(.lookahead), 1), ("(?<=a)b", .unsupported(.lookbehind), 0),
      ("(?<!a)b", .unsupported(.lookbehind), 0), ("(?i:a)", .unsupported(.flags), 0),
      ("(?-i:a)", .unsupported(.flags), 0), ("\\p{Script=Greek}", .unsupported(.property), 0),
      ("\\p{l}", .unsupported(.property), 0), ("\\p{gc=}", .unsupported(.property), 0),
      ("(a", .unbalancedParenthesis, 0), ("a)", .unbalancedParenthesis, 1),
      ("[a", .unterminatedClass, 0), ("[a-", .unterminatedClass, 0), ("[\\", .invalidEscape, 1),
      ("(?a)", .unsupported(.flags), 0), ("(?P<n>a)", .invalidGroup, 0), ("(?", .invalidGroup, 0),
      ("(?<>a)", .invalidGroup, 3), ("(?<1>a)", .invalidGroup, 3), ("(?<a", .invalidGroup, 3),
      ("\\", .invalidEscape, 0), ("\\a", .invalidEscape, 0), ("\\Z", .invalidEscape, 0),
      ("\\é", .invalidEscape, 0), ("\\01", .invalidEscape, 0), ("\\c1", .invalidEscape, 0),
      ("\\x1", .invalidEscape, 0), ("\\u12", .invalidEscape, 0), ("\\ud800", .invalidEscape, 0),
      ("\\ud800\\u0041", .invalidEscape, 0), ("\\u{}", .invalidEscape, 0),
      ("\\u{110000}", .invalidEscape, 0), ("\\u{41", .invalidEscape, 0), ("\\p", .invalidEscape, 0),
      ("\\p{L", .invalidEscape, 0), ("[\\1]", .invalidEscape, 1), ("[\\B]", .invalidEscape, 1),
      ("*", .nothingToRepeat, 0), ("a**", .nothingToRepeat, 2), ("a|+", .nothingToRepeat, 2),
      ("^*", .nothingToRepeat, 1), ("(?:?)", .nothingToRepeat, 3), ("{", .strayBracket, 0),
      ("a{", .strayBracket, 1), ("a{b}", .strayBracket, 1), ("a{1", .strayBracket, 1),
      ("a{,2}", .strayBracket, 1), ("a}", .strayBracket, 1), ("]", .strayBracket, 0),
      ("a{3,1}", .reversedRange, 1), ("[z-a]", .reversedRange, 1), ("[a-\\d]", .classInRange, 1),
      ("[\\d-a]", .classInRange, 1), ("a{1}{2}", .strayBracket, 4),
      (String(repeating: "(", count: 33), .nestedTooDeep(maxDepth: 32), 32),
      ("a{99999999999999999999}", .tooLarge(maxStates: 5_000), 0),
      ("((a{50}){50}){50}", .tooLarge(maxStates: 5_000), 0),
      ("(((){4000}){4000}){4000}", .tooLarge(maxStates: 5_000), 0),
      ("(a{0,2000}){0,2000}", .tooLarge(maxStates: 5_000), 0),
    ])
  func refused(pattern: String, reason: PatternError.Reason, offset: Int) {
    let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
    #expect(error?.reason == reason)
    #expect(error?.offset == offset)
    #expect(error?.description == "\(reason.description) (at character \(offset))")
  }

  @Test("groups may be nested 32 deep")
  func nested() throws {
    let pattern = String(repeating: "(", count: 32) + "a" + String(repeating: ")*", count: 32)
    #expect(try matches("^\(pattern)$", "aaa"))
    #expect(try !matches("^\(pattern)$", "aab"))
  }

  @Test(
    "patterns that ruin backtracking matchers stay cheap",
    arguments: [
      "^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(.*)*x", "^(([a-z])+.)+[A-Z]([a-z])+$",
      "^(a?){20}a{20}$", "(a*)*(b*)*c", "^\\s+|\\s+$|^(\\w+\\s?)*$", "(x+x+)+y",
    ])
  func catastrophic(pattern: String) throws {
    let compiled = try Pattern(pattern)
    let text = String(repeating: "a", count: 5_000) + "!"
    var budget = StepBudget(steps: 1_000_000)
    #expect(try !compiled.matches(text, &budget) || pattern.contains("|\\s"))
  }

  @Test("a match costs in proportion to the text, and not more than the budget")
  func cost() throws {
    let pattern = try Pattern("^(a|b)*$")
    func cost(_ length: Int) throws -> Int {
      var budget = StepBudget(steps: 10_000_000)
      #expect(try pattern.matches(String(repeating: "ab", count: length / 2), &budget))
      return 10_000_000 - budget.remaining
    }
    let (small, large) = (try cost(1_000), try cost(10_000))
    #expect(large > small * 9 && large < small * 11)
    var budget = StepBudget(steps: 1_000)
    #expect(throws: ValidationError.tooComplex) {
      try pattern.matches(String(repeating: "a", count: 1_000), &budget)
    }
  }

  @Test("an anchored pattern gives up at the first character that does not fit")
  func anchored() throws {
    var budget = StepBudget(steps: 100)
    #expect(try !Pattern("^(b|\\bc)").matches(String(repeating: "a", count: 100_000), &budget))
  }

  @Test("random patterns match what the system's regular expressions match")
  func reference() throws {
    var generator = SeededGenerator(state: 19)
    for _ in 0..<1_500 {
      let source = expression(depth: 3, &generator)
      let reference = try NSRegularExpression(pattern: source)
      let pattern = try Pattern(source)
      for _ in 0..<6 {
        let text = String(
          (0..<Int.random(in: 0...7, using: &generator)).map { _ in
            "ab-".randomElement(using: &generator) ?? "a"
          })
        let range = NSRange(location: 0, length: text.utf16.count)
        let expected = reference.firstMatch(in: text, range: range) != nil
        var budget = StepBudget(steps: 100_000)
        #expect(try pattern.matches(text, &budget) == expected, "\(source) in \(text)")
      }
    }
  }

  @Test("noise is refused or compiled, never fatal")
  func noise() throws {
    var generator = SeededGenerator(state: 23)
    let alphabet = Array("ab09^$.*+?|()[]{}\\-,:=!<>dDwWsSbBuxcpPLk é😀".unicodeScalars)
    for _ in 0..<20_000 {
      var source = ""
      for _ in 0..<Int.random(in: 0...14, using: &generator) {
        source.unicodeScalars.append(alphabet.randomElement(using: &generator) ?? "a")
      }
      do throws(PatternError) {
        let pattern = try Pattern(source)
        var budget = StepBudget(steps: 1_000_000)
        #expect(throws: Never.self) { try pattern.matches(source, &budget) }
      } catch {
        #expect((0...source.unicodeScalars.count).contains(error.offset))
      }
    }
  }

  private func expression(depth: Int, _ generator: inout SeededGenerator) -> String {
    let atoms = ["a", "b", "-", ".", "[ab]", "[^a]", "\\w", "\\W", "^", "$", "\\b", "\\B"]
    guard depth > 0 else { return atoms.randomElement(using: &generator) ?? "a" }
    switch Int.random(in: 0..<5, using: &generator) {
    case 0: return atoms.randomElement(using: &generator) ?? "a"
    case 1:
      return expression(depth: depth - 1, &generator) + expression(depth: depth - 1, &generator)
    case 2:
      return "(?:\(expression(depth: depth - 1, &generator))|"
        + "\(expression(depth: depth - 1, &generator)))"
    default:
      let quantifier =
        ["*", "+", "?", "{2}", "{1,2}", "{2,}"].randomElement(using: &generator) ?? "*"
      return "(\(expression(depth: depth - 1, &generator)))\(quantifier)"
    }
  }

  private func matches(_ pattern: String, _ text: String) throws -> Bool {
    var budget = StepBudget(steps: 1_000_000)
    return try Pattern(pattern).matches(text, &budget)
  }
}
