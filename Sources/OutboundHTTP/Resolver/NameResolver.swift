package import NetworkAddress
package import Reactor

/// Finds the addresses of a name.
package protocol NameResolver: Sendable {
  /// - Parameters:
  ///   - name: a DNS name, never an address.
  ///   - deadline: when nobody is interested in the answer any more.
  ///   - done: called once, on whatever thread, or at once. It is no matter if that is late.
  func resolve(
    _ name: String, by deadline: MonotonicInstant, _ done: @escaping @Sendable (NameAnswer) -> Void)
}

/// What became of a name.
package enum NameAnswer: Sendable, Hashable {
  /// In the order in which to try them.
  case addresses([IPAddress])
  /// There is no such name, or it has no address: whoever gave us the name has to act.
  case notFound
  /// Nobody knows: we have to act. The reason completes "the name could not be looked up: ".
  case unavailable(String)
}

/// A resolver that asks a closure.
package struct ClosureResolver: NameResolver {
  private let answer: @Sendable (String) -> NameAnswer

  package init(_ answer: @escaping @Sendable (String) -> NameAnswer) {
    self.answer = answer
  }

  package func resolve(
    _ name: String, by deadline: MonotonicInstant, _ done: @escaping @Sendable (NameAnswer) -> Void
  ) {
    done(answer(name))
  }
}
