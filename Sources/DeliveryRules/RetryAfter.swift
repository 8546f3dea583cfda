/// The header `Retry-After` (RFC 9110 §10.2.3).
package enum RetryAfter {
  /// The longest wait that is told apart from longer ones.
  package static let longest: Duration = .seconds(longestSeconds)
  private static let longestSeconds: Int64 = 10_000_000_000

  /// How long the receiver asks to wait.
  ///
  /// Whole seconds; seconds with decimals, which some receivers send, rounded up; or a date in any of
  /// the three forms of HTTP. A date in the past is zero. Waits are cut at 10^10 seconds; what is
  /// reasonable is for the caller to say.
  /// - Returns: nil for anything else, negative numbers included.
  package static func parse(_ value: String, nowUnixSeconds now: Int64) -> Duration? {
    let bytes = trimmed(Array(value.utf8)[...])
    if let seconds = seconds(bytes) { return .seconds(seconds) }
    guard let date = HTTPDate.unixSeconds(bytes, nowUnixSeconds: now) else { return nil }
    let (wait, overflow) = date.subtractingReportingOverflow(now)
    return .seconds(overflow ? longestSeconds : min(max(wait, 0), longestSeconds))
  }

  private static func seconds(_ bytes: ArraySlice<UInt8>) -> Int64? {
    let parts = bytes.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, isDigits(whole) else { return nil }
    var seconds: Int64 = 0
    for digit in whole {
      seconds = min(seconds * 10 + Int64(digit - UInt8(ascii: "0")), longestSeconds)
    }
    guard parts.count == 2 else { return seconds }
    guard isDigits(parts[1]) else { return nil }
    let isRoundedUp = parts[1].contains { $0 != UInt8(ascii: "0") }
    return isRoundedUp ? min(seconds + 1, longestSeconds) : seconds
  }

  private static func isDigits(_ bytes: ArraySlice<UInt8>) -> Bool {
    !bytes.isEmpty
      && bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let isBlank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    var rest = bytes.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }
}
