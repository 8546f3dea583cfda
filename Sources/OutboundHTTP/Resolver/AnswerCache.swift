internal import NetworkAddress
internal import Reactor

/// What names were found to mean, for a short time: a host that gets many requests is not looked up
/// for each. Belongs to one loop.
///
/// Nothing rests on an answer being new: the policy is asked about the addresses, for every request.
struct AnswerCache {
  private let capacity: Int
  private let lifetime: Duration
  private var answers: [String: NameRecord] = [:]

  init(capacity: Int, lifetime: Duration) {
    self.capacity = capacity
    self.lifetime = lifetime
  }

  /// The record of a name that was looked up lately.
  func record(of name: String, at now: MonotonicInstant) -> NameRecord? {
    guard let record = answers[name], record.expires > now else { return nil }
    return record
  }

  /// Keeps an answer. The address that worked last is remembered beyond the answer before.
  mutating func keep(
    _ addresses: [IPAddress], of name: String, at now: MonotonicInstant
  ) -> NameRecord {
    let record = NameRecord(addresses: addresses, expires: now.advanced(by: lifetime))
    if let before = answers[name]?.preferred { record.prefer(before) }
    guard lifetime > .zero else { return record }
    if answers.count >= capacity { makeRoom(at: now) }
    answers[name] = record
    return record
  }

  private mutating func makeRoom(at now: MonotonicInstant) {
    answers = answers.filter { $0.value.expires > now }
    if answers.count >= capacity, let any = answers.keys.first { answers[any] = nil }
  }
}
