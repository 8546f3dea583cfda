import IntegrationClient

/// Brings the answers to the lines of a stream into the order of its lines, those that this program
/// gave itself included.
struct StreamLedger {
  private enum Entry {
    case sent
    case refused(String)
  }

  /// The lines that have no answer yet, oldest first.
  private var waiting: ArraySlice<Entry> = []
  private var answers: Int64 = 0
  /// Lines that were refused.
  private(set) var refusals = 0

  /// Whether every line has its answer.
  var isSettled: Bool { waiting.isEmpty }

  /// A line goes to the daemon.
  mutating func sent() { waiting.append(.sent) }

  /// A line is not fit to be sent.
  /// - Returns: the answers that are due.
  mutating func refused(_ message: String) -> [PublishEventStreamResponse] {
    waiting.append(.refused(message))
    return ownAnswers()
  }

  /// The daemon has answered the oldest line that was sent.
  /// - Returns: the answers that are due, this one first.
  mutating func answered(
    _ answer: PublishEventStreamResponse
  ) -> [PublishEventStreamResponse] {
    guard case .sent? = waiting.popFirst() else { return [answer] }
    return [numbered(answer)] + ownAnswers()
  }

  private mutating func ownAnswers() -> [PublishEventStreamResponse] {
    var due: [PublishEventStreamResponse] = []
    while case .refused(let message)? = waiting.first {
      waiting.removeFirst()
      due.append(
        numbered(
          PublishEventStreamResponse(
            code: StatusCode.invalidArgument.rawValue, message: message, reason: "NOT_SENT")))
    }
    return due
  }

  /// The place among all lines: the daemon counts only those it was sent.
  private mutating func numbered(
    _ answer: PublishEventStreamResponse
  ) -> PublishEventStreamResponse {
    var answer = answer
    answer.sequence = answers
    answers += 1
    if answer.code != 0 { refusals += 1 }
    return answer
  }
}
