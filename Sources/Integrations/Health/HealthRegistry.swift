internal import Synchronization

/// What is known about the health of each component, kept in memory by those who look after them.
package final class HealthRegistry: Sendable {
  /// A component in a report.
  struct Entry: Sendable, Hashable {
    let name: String
    let status: ComponentStatus
    let sinceUnixMicroseconds: Int64
  }

  /// What the gRPC health check tells of a service.
  enum Serving: Sendable, Hashable {
    case serving
    case notServing
    case unknownService
  }

  private struct State {
    var components: [String: Entry] = [:]
    var isStopping = false
    /// Services that cannot work while a component is unhealthy, and which.
    var needs: [String: Set<String>] = [:]
    var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
    var nextWatcher = 0
  }

  private let state = Mutex(State())
  private let clock: @Sendable () -> Int64

  /// - Parameter clock: Unix time in microseconds.
  package init(clock: @escaping @Sendable () -> Int64) { self.clock = clock }

  /// Makes a service known, and what it cannot work without.
  package func register(service: String, needs: Set<String>) {
    change { $0.needs[service] = needs }
  }

  /// Tells how a component is doing. A report that changes nothing costs nothing.
  package func report(_ component: String, _ status: ComponentStatus) {
    let now = clock()
    change { state in
      let before = state.components[component]
      guard before?.status != status else { return }
      let since = before?.status.state == status.state ? before?.sinceUnixMicroseconds : nil
      state.components[component] = Entry(
        name: component, status: status, sinceUnixMicroseconds: since ?? now)
    }
  }

  /// Says that no service is served any longer.
  package func stop() { change { $0.isStopping = true } }

  var isStopping: Bool { state.withLock { $0.isStopping } }

  /// All components by name.
  var report: [Entry] {
    state.withLock {
      $0.components.values.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
  }

  /// - Parameter service: its full name; empty: the daemon, which serves when all its services do.
  func serving(_ service: String) -> Serving {
    state.withLock { state in
      let needed: Set<String>
      if service.isEmpty {
        needed = state.needs.values.reduce(into: []) { $0.formUnion($1) }
      } else if let needs = state.needs[service] {
        needed = needs
      } else {
        return .unknownService
      }
      let isBroken = needed.contains { state.components[$0]?.status.state == .unhealthy }
      return isBroken || state.isStopping ? .notServing : .serving
    }
  }

  /// Something may have changed: an element at once and one after every change; changes that come
  /// faster than they are read become one.
  func changes() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let watcher = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = continuation
      return state.nextWatcher
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { state in _ = state.watchers.removeValue(forKey: watcher) }
    }
    continuation.yield()
    return stream
  }

  private func change(_ body: (inout State) -> Void) {
    let watchers = state.withLock { state in
      body(&state)
      return Array(state.watchers.values)
    }
    for watcher in watchers { watcher.yield() }
  }
}
