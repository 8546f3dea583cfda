/// The time by which something must be over. Every wait takes one.
package struct Deadline: Hashable, Sendable, Comparable {
  /// The instant from which ``hasPassed`` is true.
  package let instant: MonotonicInstant

  package init(at instant: MonotonicInstant) {
    self.instant = instant
  }

  /// A deadline `duration` from now; a duration of zero or less has passed already.
  package init(after duration: Duration) {
    instant = MonotonicInstant.now().advanced(by: duration)
  }

  package static func within(_ duration: Duration) -> Deadline {
    Deadline(after: duration)
  }

  /// For what only its task's cancellation ends.
  package static let never = Deadline(at: .distantFuture)

  /// What is left; zero once passed.
  package var remaining: Duration {
    max(.zero, MonotonicInstant.now().duration(to: instant))
  }

  package var hasPassed: Bool {
    instant <= MonotonicInstant.now()
  }

  /// The earlier of the two.
  package func sooner(_ other: Deadline) -> Deadline {
    min(self, other)
  }

  package static func < (left: Deadline, right: Deadline) -> Bool {
    left.instant < right.instant
  }
}

/// A wait that was not over when its ``Deadline`` passed.
package struct DeadlineExceeded: Error, Hashable, Sendable, CustomStringConvertible {
  package init() {}
  package var description: String { "the deadline passed" }
}
