import JSONSchema
import Testing

@Suite struct JSONNumberTests {
  @Test(
    "numbers are compared exactly",
    arguments: [
      ("0", "-0"), ("0", "0e999999999"), ("1", "1.000"), ("100", "1e2"), ("0.01", "1e-2"),
      ("-12.50", "-125e-1"), ("1e400", "10e399"), ("0.000123", "1.23E-4"), ("10.10", "1010e-2"),
    ])
  func equal(one: String, other: String) throws {
    #expect(try number(one) == number(other))
    #expect(try number(one).hashValue == number(other).hashValue)
    #expect(try !(number(one) < number(other)) && !(number(other) < number(one)))
  }

  @Test(
    "the smaller number is smaller, however close they are",
    arguments: [
      ("0", "1"), ("-1", "0"), ("-1", "1"), ("-2", "-1"), ("1", "2"), ("9", "10"), ("0.1", "0.11"),
      ("0.09", "0.1"), ("1e399", "1e400"), ("-1e400", "1e-400"), ("0", "1e-999999999"),
      ("1e-400", "1e-399"), ("9007199254740992", "9007199254740993"), ("-0.11", "-0.1"),
      ("0.30000000000000000000000000000000000001", "0.30000000000000000000000000000000000002"),
      ("123", "123.0000000000000000001"), ("99.9", "100"), ("1.5e10", "2e10"), ("-1e5", "-1e4"),
    ])
  func smaller(one: String, other: String) throws {
    #expect(try number(one) < number(other))
    #expect(try !(number(other) < number(one)))
    #expect(try number(one) != number(other))
  }

  @Test("random decimals are ordered as their values are")
  func ordering() throws {
    var generator = SeededGenerator(state: 3)
    for _ in 0..<5_000 {
      let values = (0..<2).map { _ in Int.random(in: -2_000...2_000, using: &generator) }
      let scales = (0..<2).map { _ in Int.random(in: 0...3, using: &generator) }
      let numbers = try zip(values, scales).map { try number("\($0)e-\($1)") }
      let exact = zip(values, scales).map { value, scale in
        (0..<(3 - scale)).reduce(value) { product, _ in product * 10 }
      }
      #expect((numbers[0] < numbers[1]) == (exact[0] < exact[1]))
      #expect((numbers[0] == numbers[1]) == (exact[0] == exact[1]))
      #expect(numbers[0].isInteger == exact[0].isMultiple(of: 1_000))
      #expect(numbers[0].isNegative == (exact[0] < 0))
    }
  }

  @Test(
    "a count is a whole number that is not negative",
    arguments: [
      ("0", 0), ("7", 7), ("7.0", 7), ("70e-1", 7), ("12e3", 12_000), ("-0", 0), ("-1", nil),
      ("0.5", nil), ("1e-1", nil), ("999999999999999999", 999_999_999_999_999_999),
      ("1000000000000000000", .max), ("1e400", .max), ("18446744073709551616", .max),
    ] as [(String, Int?)])
  func counts(text: String, count: Int?) throws {
    #expect(try number(text).clampedCount == count)
  }

  private func number(_ text: String) throws -> JSONNumber {
    try #require(try JSONDocument(parsing: Array(text.utf8)).root.number)
  }
}
