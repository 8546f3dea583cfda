/// A unary call that is decoded and not started.
struct QueuedCall {
  let opening: CallOpening
  let body: @Sendable () async -> Void
}

/// Calls in the order they came. Filled and emptied again within nearly every read, so its storage
/// is lent: an idle connection keeps none.
struct CallQueue {
  private var calls: [QueuedCall] = []
  private var taken = 0

  var count: Int { calls.count - taken }
  var isEmpty: Bool { count == 0 }

  /// Adds a call.
  /// - Parameter storage: an empty array with room, taken when the queue has none of its own.
  mutating func append(_ call: QueuedCall, storage: inout [QueuedCall]) {
    if calls.isEmpty { swap(&calls, &storage) }
    calls.append(call)
  }

  /// Takes the oldest call out.
  /// - Parameter storage: where the room goes when this was the last one.
  mutating func popFirst(storage: inout [QueuedCall]) -> QueuedCall? {
    guard taken < calls.count else { return nil }
    let call = calls[taken]
    taken += 1
    if taken == calls.count {
      taken = 0
      calls.removeAll(keepingCapacity: true)
      swap(&calls, &storage)
    }
    return call
  }

  /// Takes everything out.
  mutating func removeAll() -> ArraySlice<QueuedCall> {
    let rest = calls[taken...]
    calls = []
    taken = 0
    return rest
  }
}
