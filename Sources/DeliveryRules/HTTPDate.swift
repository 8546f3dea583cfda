/// The dates of HTTP (RFC 9110 §5.6.7), all of them UTC:
///
///     Sun, 06 Nov 1994 08:49:37 GMT    IMF-fixdate, the one to send
///     Sunday, 06-Nov-94 08:49:37 GMT   RFC 850
///     Sun Nov  6 08:49:37 1994         asctime
///
/// The name of the day must be one, but need not be the right one.
enum HTTPDate {
  private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
  private static let longDays = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// - Parameter now: RFC 850 has two digits for the year; a date more than 50 years after now is
  ///   taken for the one a century before.
  /// - Returns: nil for anything that is no date.
  static func unixSeconds(_ bytes: ArraySlice<UInt8>, nowUnixSeconds now: Int64) -> Int64? {
    imfFixdate(bytes) ?? rfc850(bytes, now) ?? asctime(bytes)
  }

  private static func imfFixdate(_ bytes: ArraySlice<UInt8>) -> Int64? {
    var reader = FixedReader(bytes)
    guard
      reader.index(in: days) != nil, reader.skip(", "),
      let day = reader.number(digits: 2), reader.skip(" "),
      let month = reader.index(in: months), reader.skip(" "),
      let year = reader.number(digits: 4), reader.skip(" "),
      let time = reader.time(), reader.skip(" GMT"), reader.isAtEnd
    else { return nil }
    return unixSeconds(year: year, month: month + 1, day: day, time: time)
  }

  private static func rfc850(_ bytes: ArraySlice<UInt8>, _ now: Int64) -> Int64? {
    var reader = FixedReader(bytes)
    guard
      reader.index(in: longDays) != nil, reader.skip(", "),
      let day = reader.number(digits: 2), reader.skip("-"),
      let month = reader.index(in: months), reader.skip("-"),
      let twoDigits = reader.number(digits: 2), reader.skip(" "),
      let time = reader.time(), reader.skip(" GMT"), reader.isAtEnd
    else { return nil }
    let fiftyYears: Int64 = 50 * 31_556_952  // of the mean Gregorian length
    let (limit, overflow) = now.addingReportingOverflow(fiftyYears)
    // The day may be there in one century only: 29 February.
    let candidates = [2000, 1900].compactMap { century in
      unixSeconds(year: century + twoDigits, month: month + 1, day: day, time: time)
    }
    return candidates.first { overflow || $0 <= limit } ?? candidates.last
  }

  private static func asctime(_ bytes: ArraySlice<UInt8>) -> Int64? {
    var reader = FixedReader(bytes)
    guard
      reader.index(in: days) != nil, reader.skip(" "),
      let month = reader.index(in: months), reader.skip(" "),
      let day = reader.skip(" ") ? reader.number(digits: 1) : reader.number(digits: 2),
      reader.skip(" "), let time = reader.time(), reader.skip(" "),
      let year = reader.number(digits: 4), reader.isAtEnd
    else { return nil }
    return unixSeconds(year: year, month: month + 1, day: day, time: time)
  }

  private static func unixSeconds(year: Int, month: Int, day: Int, time: Int) -> Int64? {
    guard (1...daysOf(month: month, year: year)).contains(day) else { return nil }
    return Int64(daysSince1970(year: year, month: month, day: day) * 86_400 + time)
  }

  private static func daysOf(month: Int, year: Int) -> Int {
    switch month {
    case 2:
      year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days of the proleptic Gregorian calendar, counted in years that begin with March, so that the
  /// leap day is the last of its year.
  private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let marchYear = month > 2 ? year : year - 1
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let leapDays =
      floorDivide(marchYear, 4) - floorDivide(marchYear, 100) + floorDivide(marchYear, 400)
    return marchYear * 365 + leapDays + dayOfYear - 719_468
  }

  private static func floorDivide(_ number: Int, _ divisor: Int) -> Int {
    number >= 0 ? number / divisor : -((divisor - 1 - number) / divisor)
  }
}

/// Reads fields of known widths, one after the other.
private struct FixedReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func skip(_ text: String) -> Bool {
    guard rest.starts(with: text.utf8) else { return false }
    rest = rest.dropFirst(text.utf8.count)
    return true
  }

  /// The place of the name that comes next; case matters, as the RFC says.
  mutating func index(in names: [String]) -> Int? {
    guard let index = names.firstIndex(where: { rest.starts(with: $0.utf8) }) else { return nil }
    rest = rest.dropFirst(names[index].utf8.count)
    return index
  }

  mutating func number(digits: Int) -> Int? {
    var number = 0
    for _ in 0..<digits {
      guard
        let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit)
      else { return nil }
      rest = rest.dropFirst()
      number = number * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return number
  }

  /// `08:49:37` in seconds; a leap second is the second after it.
  mutating func time() -> Int? {
    guard
      let hour = number(digits: 2), hour < 24, skip(":"),
      let minute = number(digits: 2), minute < 60, skip(":"),
      let second = number(digits: 2), second <= 60
    else { return nil }
    return (hour * 60 + minute) * 60 + second
  }
}
