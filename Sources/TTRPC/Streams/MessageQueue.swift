internal import DequeModule
internal import Reactor

/// Messages on their way from a connection to the one task that consumes them. Bounded by its
/// owner: ``push(_:byteCount:)`` says when it is full, and the owner stops reading.
package final class MessageQueue<Element: Sendable>: Sendable {
  /// How much a queue holds before its owner stops reading.
  package struct Bound: Sendable {
    package var messages: Int
    package var bytes: Int

    package init(messages: Int, bytes: Int) {
      self.messages = messages
      self.bytes = bytes
    }
  }

  private struct State {
    var elements = Deque<(Element, byteCount: Int)>()
    var bytes = 0
    /// Elements taken so far; tells a slow consumer from one that stands still.
    var taken = 0
    var isFull = false
    var end: End?
    var waiter: Completion<Element?>?
  }

  private enum End {
    case finished
    case failed(RPCError)
  }

  private enum Found {
    case element(Element, hasRoomAgain: Bool)
    case end(End)
    case wait(Completion<Element?>)
  }

  private let state = Guarded(State())
  private let bound: Bound
  /// Called from the consumer's thread when a full queue has room again.
  private let onRoom: @Sendable () -> Void

  package init(bound: Bound, onRoom: @escaping @Sendable () -> Void) {
    self.bound = bound
    self.onRoom = onRoom
  }

  /// Adds an element. True when the queue is full with it. Ignored after the end.
  package func push(_ element: Element, byteCount: Int) -> Bool {
    state.withLock { state in
      guard state.end == nil else { return false }
      if let waiter = state.waiter {
        state.waiter = nil
        if waiter.succeed(element) {
          state.taken += 1
          return false
        }
      }
      state.elements.append((element, byteCount))
      state.bytes += byteCount
      state.isFull = state.elements.count >= bound.messages || state.bytes >= bound.bytes
      return state.isFull
    }
  }

  /// Ends the queue behind what is in it. The first end counts.
  package func finish() {
    end(.finished, dropping: false)
  }

  /// Ends the queue at once: what is in it is dropped and the consumer gets `error`, also instead
  /// of an end that came behind what is dropped: a stream with a hole in it has not ended well.
  package func fail(_ error: RPCError) {
    end(.failed(error), dropping: true)
  }

  /// Ends the queue behind what is in it with `error`.
  package func finish(throwing error: RPCError) {
    end(.failed(error), dropping: false)
  }

  package var isFull: Bool { state.withLock { $0.isFull } }
  package var takenCount: Int { state.withLock { $0.taken } }
  /// Wire bytes waiting.
  package var byteCount: Int { state.withLock { $0.bytes } }

  /// The next element, or nil at the end. One task at a time.
  /// - Throws: how the stream failed, or CANCELLED when the task is cancelled while it waits.
  package func next() async throws(RPCError) -> Element? {
    let found = state.withLock { state -> Found in
      if let (element, byteCount) = state.elements.popFirst() {
        state.bytes -= byteCount
        state.taken += 1
        // Half empty before reading goes on, or every message would cost a pause and a resume.
        let hasRoom =
          state.isFull && state.elements.count <= bound.messages / 2
          && state.bytes <= bound.bytes / 2
        if hasRoom { state.isFull = false }
        return .element(element, hasRoomAgain: hasRoom)
      }
      if let end = state.end { return .end(end) }
      precondition(
        state.waiter.map(\.isComplete) ?? true, "only one task at a time may consume a stream")
      let waiter = Completion<Element?>()
      state.waiter = waiter
      return .wait(waiter)
    }
    switch found {
    case .element(let element, let hasRoomAgain):
      if hasRoomAgain { onRoom() }
      return element
    case .end(.finished): return nil
    case .end(.failed(let error)): throw error
    case .wait(let waiter):
      do {
        return try await waiter.value()
      } catch {
        throw error as? RPCError ?? RPCError(.cancelled, "the wait for a message was cancelled")
      }
    }
  }

  private func end(_ end: End, dropping: Bool) {
    let waiter = state.withLock { state -> Completion<Element?>? in
      if state.end == nil || dropping && !state.elements.isEmpty { state.end = end }
      if dropping {
        state.elements.removeAll()
        state.bytes = 0
        state.isFull = false
      }
      defer { state.waiter = nil }
      return state.waiter
    }
    switch end {
    case .finished: waiter?.succeed(nil)
    case .failed(let error): waiter?.fail(error)
    }
  }
}
