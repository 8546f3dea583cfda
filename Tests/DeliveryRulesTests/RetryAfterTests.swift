import DeliveryRules
import Testing

@Suite struct RetryAfterTests {
  /// 21 October 2015, 07:26:00 UTC.
  private let now: Int64 = 1_445_412_360

  @Test(
    "seconds are whole, or decimal and rounded up",
    arguments: [
      ("0", 0), ("120", 120), ("120.0", 120), ("120.1", 121), ("120.6", 121), ("007", 7),
      (" 120 ", 120), ("\t5", 5), ("0.000", 0), ("0.0001", 1), ("1000000000", 1_000_000_000),
      ("10000000000", 10_000_000_000), ("9999999999.9", 10_000_000_000),
      ("99999999999999999999999999999999", 10_000_000_000),
      ("99999999999999999999999999999999.5", 10_000_000_000),
    ])
  func seconds(text: String, seconds: Int64) {
    #expect(RetryAfter.parse(text, nowUnixSeconds: now) == .seconds(seconds))
    #expect(RetryAfter.longest == .seconds(10_000_000_000))
  }

  @Test(
    "what is neither seconds nor a date is nothing",
    arguments: [
      "", " ", "invalid", "-1", "-0", "+5", "1e3", "1.", ".5", "1.5.5", "1,5", "12 0", "0x10",
      "120s", "NaN", "inf", "١٢", "1\r\n2", "5\n", "\u{0}5", "Wed, 21 Oct 2015 07:28:00",
      "Wed, 21 Oct 2015 07:28:00 UTC", "Wed, 21 Oct 2015 07:28:00 GMT+1",
      "wed, 21 oct 2015 07:28:00 gmt",
      "Wed, 32 Oct 2015 07:28:00 GMT", "Wed, 00 Oct 2015 07:28:00 GMT",
      "Fri, 30 Feb 2015 07:28:00 GMT",
      "Wed, 29 Feb 2015 07:28:00 GMT", "Thu, 29 Feb 1900 07:28:00 GMT",
      "Sat, 31 Apr 2016 07:28:00 GMT",
      "Wed, 21 Oct 2015 24:00:00 GMT", "Wed, 21 Oct 2015 07:60:00 GMT",
      "Wed, 21 Oct 2015 07:28:61 GMT",
      "Wed, 21 Oct 15 07:28:00 GMT", "Wed, 1 Oct 2015 07:28:00 GMT",
      "Xyz, 21 Oct 2015 07:28:00 GMT",
      "Wednesday, 21-Oct-2015 07:28:00 GMT", "Wednesday, 30-Feb-15 07:28:00 GMT",
      "Wed Oct 21 07:28:00 2015 GMT", "Wed Oct 1 07:28:00 2015", "Wed Oct 021 07:28:00 2015",
      "2015-10-21T07:28:00Z",
    ])
  func garbage(text: String) {
    #expect(RetryAfter.parse(text, nowUnixSeconds: now) == nil)
  }

  @Test(
    "the three forms of dates are read",
    arguments: [
      "Wed, 21 Oct 2015 07:28:00 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT",
      "Wed Oct 21 07:28:00 2015", "  Wed, 21 Oct 2015 07:28:00 GMT\t",
      // The name of the day is wrong.
      "Mon, 21 Oct 2015 07:28:00 GMT",
    ])
  func dates(text: String) {
    #expect(RetryAfter.parse(text, nowUnixSeconds: now) == .seconds(120))
  }

  @Test("a date in the past is no wait")
  func past() {
    #expect(RetryAfter.parse("Sun Nov  6 08:49:37 1994", nowUnixSeconds: now) == .zero)
    #expect(RetryAfter.parse("Sat, 01 Jan 0000 00:00:00 GMT", nowUnixSeconds: now) == .zero)
  }

  @Test("RFC 9110's example is the same moment in all three forms")
  func example() {
    for text in [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ] {
      #expect(RetryAfter.parse(text, nowUnixSeconds: 784_111_700) == .seconds(77))
    }
  }

  @Test(
    "two digits of a year mean at most 50 years from now",
    arguments: [
      // 1994, as 2094 is too far.
      ("Sunday, 06-Nov-94 08:49:37 GMT", Int64(784_111_776), Int64(1)),
      ("Sunday, 06-Nov-94 08:49:37 GMT", 1_445_412_360, 0),
      // 2065 from 2015.
      ("Monday, 05-Oct-65 00:00:00 GMT", 1_445_412_360, 1576514040),
      // 29 February was in 2000 and not in 1900.
      ("Tuesday, 29-Feb-00 00:00:00 GMT", 951_782_399, 1),
      ("Tuesday, 29-Feb-00 00:00:00 GMT", -2_208_988_800, 3160771200),
    ])
  func twoDigits(text: String, now: Int64, seconds: Int64) {
    #expect(RetryAfter.parse(text, nowUnixSeconds: now) == .seconds(seconds))
  }

  @Test("days are counted as the calendar has them")
  func calendar() {
    let names = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    // Counted day by day from 1970 on.
    var seconds: Int64 = 0
    for year in 1970...2100 {
      let isLeap = year % 4 == 0 && year != 2100
      let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      for (name, length) in zip(names, lengths) {
        for day in 1...length {
          let text = "Mon, \(day < 10 ? "0" : "")\(day) \(name) \(year) 00:00:01 GMT"
          #expect(RetryAfter.parse(text, nowUnixSeconds: seconds) == .seconds(1), "\(text)")
          seconds += 86_400
        }
      }
    }
  }

  @Test("a leap second is the second after")
  func leapSecond() {
    #expect(
      RetryAfter.parse("Sat, 31 Dec 2016 23:59:60 GMT", nowUnixSeconds: 1_483_228_799)
        == .seconds(1))
  }

  @Test("a clock that is far off does not trap", arguments: [Int64.min, 0, .max])
  func clocks(now: Int64) {
    for text in ["Fri, 31 Dec 9999 23:59:59 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "5"] {
      let wait = RetryAfter.parse(text, nowUnixSeconds: now)
      #expect(wait.map { (.zero...RetryAfter.longest).contains($0) } == true)
    }
  }

  @Test("damaged values never trap")
  func noise() {
    var random = SplitMix(state: 5)
    let seeds = [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
      "120.5",
    ]
    for _ in 0..<20_000 {
      var bytes = Array((seeds.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
        let index = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...127, using: &random)
        case 1: bytes.remove(at: index)
        default: bytes = Array(bytes[..<index])
        }
      }
      let wait = RetryAfter.parse(String(decoding: bytes, as: UTF8.self), nowUnixSeconds: now)
      #expect(wait.map { (.zero...RetryAfter.longest).contains($0) } != false)
    }
  }
}
