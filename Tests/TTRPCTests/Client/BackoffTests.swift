@testable import TTRPC
import Testing

@Suite("Backoff")
struct BackoffTests {
  @Test("pauses grow by 1.6 up to the longest, a fifth more or less, and start again")
  func grows() {
    var backoff = Backoff(first: .milliseconds(20), longest: .seconds(1))
    var pauses: [Duration] = []
    for _ in 0..<40 { pauses.append(backoff.failed(chance: 0.5)) }
    #expect(pauses.first == .milliseconds(20))
    #expect(pauses.last == .seconds(1))
    for (earlier, later) in zip(pauses, pauses.dropFirst()) { #expect(earlier <= later) }
    #expect(backoff.failed(chance: 0) == .milliseconds(800))
    #expect(backoff.failed(chance: 0.999) < .milliseconds(1200))
    backoff.succeeded()
    #expect(backoff.failed(chance: 0.5) == .milliseconds(20))
  }
}
