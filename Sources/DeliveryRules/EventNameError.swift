/// Why a text is no event type, or no subscription. The description can follow the name of a field.
package enum EventNameError: Error, Sendable, Hashable {
  /// So many bytes.
  case length(Int)
  /// Two dots in a row, or one at either end.
  case emptySegment
  /// Anything but ASCII letters, digits, `_`, `-` and dots.
  case character
  /// A `*` that is neither a whole subscription nor the end of a prefix.
  case wildcard
}

extension EventNameError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .length(let count):
      "must be \(EventTypeName.lengths.lowerBound) to \(EventTypeName.lengths.upperBound) "
        + "characters long, not \(count)"
    case .emptySegment: "must be segments joined by single dots, without empty segments"
    case .character: "must be segments of ASCII letters, digits, _ and -, joined by dots"
    case .wildcard:
      "must be without *; only a subscription may be * or end with .* after whole segments"
    }
  }
}
