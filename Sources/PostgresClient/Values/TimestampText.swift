/// A moment as PostgreSQL reads it in text, `2026-01-02 03:04:05.000006+00`, for a parameter whose type is
/// not known yet. ISO order is read the same whatever `DateStyle` says.
struct TimestampText {
  let text: String

  init(unixMicroseconds: Int64) {
    let (seconds, micros) = Self.floored(unixMicroseconds, by: 1_000_000)
    let (days, secondOfDay) = Self.floored(seconds, by: 86_400)
    let (year, month, day) = Self.civil(days: days)
    // There is no year 0: the year before 1 is 1 BC.
    let isBeforeChrist = year < 1
    let shownYear = isBeforeChrist ? 1 - year : year
    text =
      "\(Self.padded(shownYear, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2)) "
      + "\(Self.padded(secondOfDay / 3600, 2)):\(Self.padded(secondOfDay / 60 % 60, 2)):"
      + "\(Self.padded(secondOfDay % 60, 2)).\(Self.padded(micros, 6))+00"
      + (isBeforeChrist ? " BC" : "")
  }

  private static func floored(_ value: Int64, by divisor: Int64) -> (quotient: Int64, rest: Int64) {
    let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
  }

  /// Howard Hinnant's `civil_from_days`: years begin in March, so that a leap day is the last of its year.
  private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = floored(days + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, day)
  }

  private static func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
