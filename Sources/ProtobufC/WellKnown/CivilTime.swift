/// A moment as RFC 3339 writes it, in the years 1 to 9999 of the proleptic Gregorian calendar.
enum CivilTime {
  /// 0001-01-01T00:00:00Z in seconds since 1970.
  static let firstSecond: Int64 = -62_135_596_800
  /// 9999-12-31T23:59:59Z in seconds since 1970.
  static let lastSecond: Int64 = 253_402_300_799

  /// Reads `2026-01-31T08:00:00.5Z` or the same with an offset such as `+02:00`; nil for any other
  /// text and for a moment out of range. A leap second is refused, as the format has none.
  static func parse(_ text: UnsafeBufferPointer<UInt8>) -> (seconds: Int64, nanos: Int32)? {
    var reader = unsafe DigitReader(text)
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
      reader.take("-"), let day = reader.number(2), reader.take("T"),
      let hour = reader.number(2), reader.take(":"), let minute = reader.number(2),
      reader.take(":"), let second = reader.number(2), let nanos = reader.fraction(),
      let offset = offset(&reader), reader.isAtEnd
    else { return nil }
    guard (1...12).contains(month), (1...daysInMonth(month, of: year)).contains(day), hour < 24,
      minute < 60, second < 60
    else { return nil }
    let days = daysSince1970(year, month, day)
    let seconds = days * 86_400 + Int64(hour * 3_600 + minute * 60 + second) - offset
    guard (firstSecond...lastSecond).contains(seconds) else { return nil }
    return (seconds, nanos)
  }

  /// Seconds east of UTC.
  private static func offset(_ reader: inout DigitReader) -> Int64? {
    if reader.take("Z") { return 0 }
    let sign: Int64
    if reader.take("+") {
      sign = 1
    } else if reader.take("-") {
      sign = -1
    } else {
      return nil
    }
    guard let hours = reader.number(2), reader.take(":"), let minutes = reader.number(2),
      hours < 24, minutes < 60
    else { return nil }
    return sign * Int64(hours * 3_600 + minutes * 60)
  }

  /// Appends the moment with `Z` and 0, 3, 6 or 9 fraction digits; false when it is out of range.
  static func append(seconds: Int64, nanos: Int32, to text: inout [UInt8]) -> Bool {
    guard (firstSecond...lastSecond).contains(seconds), (0..<1_000_000_000).contains(nanos) else {
      return false
    }
    let sinceFirst = seconds - firstSecond
    let (year, month, day) = date(daysSince1970: sinceFirst / 86_400 + firstSecond / 86_400)
    let second = Int(sinceFirst % 86_400)
    appendDigits(year, 4, to: &text)
    text.append(UInt8(ascii: "-"))
    appendDigits(month, 2, to: &text)
    text.append(UInt8(ascii: "-"))
    appendDigits(day, 2, to: &text)
    text.append(UInt8(ascii: "T"))
    appendDigits(second / 3_600, 2, to: &text)
    text.append(UInt8(ascii: ":"))
    appendDigits(second / 60 % 60, 2, to: &text)
    text.append(UInt8(ascii: ":"))
    appendDigits(second % 60, 2, to: &text)
    appendFraction(nanos, to: &text)
    text.append(UInt8(ascii: "Z"))
    return true
  }

  /// Appends a dot and 3, 6 or 9 digits, nothing for 0.
  static func appendFraction(_ nanos: Int32, to text: inout [UInt8]) {
    let nanos = Int(nanos)
    guard nanos != 0 else { return }
    text.append(UInt8(ascii: "."))
    if nanos % 1_000_000 == 0 {
      appendDigits(nanos / 1_000_000, 3, to: &text)
    } else if nanos % 1_000 == 0 {
      appendDigits(nanos / 1_000, 6, to: &text)
    } else {
      appendDigits(nanos, 9, to: &text)
    }
  }

  private static func appendDigits(_ value: Int, _ count: Int, to text: inout [UInt8]) {
    var power = 1
    for _ in 1..<count { power *= 10 }
    while power > 0 {
      text.append(UInt8(48 + value / power % 10))
      power /= 10
    }
  }

  private static func daysInMonth(_ month: Int, of year: Int) -> Int {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  // Both ways: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", with years that begin
  // in March so that the leap day is the last.

  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return Int64(era * 146_097 + dayOfEra - 719_468)
  }

  private static func date(daysSince1970 days: Int64) -> (year: Int, month: Int, day: Int) {
    let shifted = Int(days) + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }
}
