/// `format: date-time`, `date` and `time` (RFC 3339 §5.6). Letters may have either case. A second
/// may be 60 only where a leap second can be: at 23:59 UTC.
enum Timestamp {
  static func isDateTime(_ text: ArraySlice<UInt8>) -> Bool {
    guard text.count > 11 else { return false }
    let separator = text.startIndex + 10
    return isDate(text[..<separator])
      && (text[separator] == UInt8(ascii: "T") || text[separator] == UInt8(ascii: "t"))
      && isTime(text[(separator + 1)...])
  }

  static func isDate(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    guard let year = number(&rest, digits: 4), take(&rest, "-"),
      let month = number(&rest, digits: 2), take(&rest, "-"),
      let day = number(&rest, digits: 2), rest.isEmpty
    else { return false }
    let isLeapYear = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return 1...12 ~= month && 1...days[month - 1] ~= day
  }

  static func isTime(_ text: ArraySlice<UInt8>) -> Bool {
    var rest = text
    guard let hour = number(&rest, digits: 2), hour < 24, take(&rest, ":"),
      let minute = number(&rest, digits: 2), minute < 60, take(&rest, ":"),
      let second = number(&rest, digits: 2), second <= 60
    else { return false }
    if take(&rest, ".") {
      let fraction = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
      guard !fraction.isEmpty else { return false }
      rest = rest.dropFirst(fraction.count)
    }
    guard let offset = offset(&rest), rest.isEmpty else { return false }
    let minuteOfDay = (hour * 60 + minute - offset + 2 * 1440) % 1440
    return second < 60 || minuteOfDay == 1439
  }

  /// Minutes east of UTC.
  private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
    if take(&rest, "Z") || take(&rest, "z") { return 0 }
    let isWest = take(&rest, "-")
    guard isWest || take(&rest, "+"), let hour = number(&rest, digits: 2), hour < 24,
      take(&rest, ":"), let minute = number(&rest, digits: 2), minute < 60
    else { return nil }
    return (hour * 60 + minute) * (isWest ? -1 : 1)
  }

  private static func take(_ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest.removeFirst()
    return true
  }

  private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int) -> Int? {
    let text = rest.prefix(digits)
    guard text.count == digits, text.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
    else { return nil }
    rest = rest.dropFirst(digits)
    return text.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}
