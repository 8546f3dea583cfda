/// The streams of one connection as its server sees them: one enum case per state, and every count
/// derived where a state changes (a counter kept beside the table once let shutdown drop live
/// calls in the reference implementation).
///
/// Without I/O: it says what a frame means, the connection acts. `Call` is whatever the connection
/// keeps per running handler.
///
/// A class of private members, so that a look at one of them is no access to all, which would be
/// checked for exclusivity with every call.
package final class StreamTable<Call> {
  /// What a stream is doing.
  package enum State {
    /// A unary handler runs. The client may send nothing more.
    case unary(Call)
    /// A streaming handler runs and the client may send Data.
    case receiving(Call)
    /// A streaming handler runs and the client has finished sending.
    case replying(Call)
    /// The stream was answered while its handler still runs; what that returns is dropped.
    case abandoned(Call, clientMaySend: Bool)
    /// Answered, handler gone, but the client had not finished sending when it was answered: Data
    /// still on its way is dropped and not held against the client.
    case lingering

    var call: Call? {
      switch self {
      case .unary(let call), .receiving(let call), .replying(let call), .abandoned(let call, _):
        call
      case .lingering: nil
      }
    }
  }

  /// What a Request frame means.
  package enum RequestVerdict {
    /// A new stream.
    case accepted
    /// Clients open odd streams.
    case evenID
    /// The id is not above every earlier one. `live`: the call it would collide with.
    case notIncreasing(live: Call?)
  }

  /// What a Data frame means.
  package enum DataVerdict {
    /// A message for the call, the end of the client's stream, or both.
    case deliver(Call, ends: Bool)
    /// Too late, and nobody's fault.
    case drop
    /// Against the protocol. `live`: the call of the stream, which is over with this.
    case violation(String, live: Call?)
  }

  /// Most lingering streams that are remembered.
  package static var maxLingering: Int { 128 }

  private var states: [UInt32: State] = [:]
  private var highest: UInt32 = 0
  private var allRunning = 0
  private var streamsRunning = 0
  private var lingering = 0

  package init() {}

  /// The highest id a Request has used; 0 before the first.
  package var lastID: UInt32 { highest }
  /// Handlers that run, abandoned ones included.
  package var running: Int { allRunning }
  /// Streaming handlers that run and are not answered yet.
  package var streaming: Int { streamsRunning }

  /// Whether no further id can follow.
  package var isExhausted: Bool { highest == .max }

  package subscript(id: UInt32) -> State? { states[id] }

  /// Everything that runs, in no order.
  package var calls: [(id: UInt32, call: Call)] {
    states.compactMap { id, state in state.call.map { (id, $0) } }
  }

  /// Judges the id of a Request frame and remembers it.
  package func receiveRequest(_ id: UInt32) -> RequestVerdict {
    guard id % 2 == 1 else { return .evenID }
    guard id > highest else { return .notIncreasing(live: abandon(id)) }
    highest = id
    return .accepted
  }

  /// Enters a handler that is still running.
  package func insert(_ id: UInt32, _ state: State) {
    set(id, state)
  }

  /// Judges a Data frame.
  package func receiveData(_ id: UInt32, ends: Bool) -> DataVerdict {
    switch states[id] {
    case .receiving(let call):
      if ends { set(id, .replying(call)) }
      return .deliver(call, ends: ends)
    case .unary:
      return .violation("stream \(id) is a unary call and takes no data", live: abandon(id))
    case .replying:
      return .violation("stream \(id) was closed by its client", live: abandon(id))
    case .abandoned(let call, clientMaySend: true):
      if ends { set(id, .abandoned(call, clientMaySend: false)) }
      return .drop
    case .lingering:
      if ends { set(id, nil) }
      return .drop
    case .abandoned(_, clientMaySend: false), nil:
      return .violation("stream \(id) is not open", live: nil)
    }
  }

  /// Marks a stream as answered while its handler runs. The call, if the stream was not answered
  /// before.
  package func abandon(_ id: UInt32) -> Call? {
    switch states[id] {
    case .unary(let call), .replying(let call):
      set(id, .abandoned(call, clientMaySend: false))
      return call
    case .receiving(let call):
      set(id, .abandoned(call, clientMaySend: true))
      return call
    case .abandoned, .lingering, nil:
      return nil
    }
  }

  /// Takes out a handler that has returned. True when the stream has still to be answered.
  package func handlerReturned(_ id: UInt32) -> Bool {
    switch states[id] {
    case .unary, .replying:
      set(id, nil)
      return true
    case .receiving:
      linger(id)
      return true
    case .abandoned(_, clientMaySend: true):
      linger(id)
      return false
    case .abandoned(_, clientMaySend: false):
      set(id, nil)
      return false
    case .lingering, nil:
      return false
    }
  }

  /// Remembers a stream that was answered before its client had finished sending.
  package func linger(_ id: UInt32) {
    if lingering >= Self.maxLingering { forgetOldestLingering() }
    set(id, .lingering)
  }

  private func forgetOldestLingering() {
    var oldest: UInt32?
    for case (let id, .lingering) in states where id < oldest ?? .max { oldest = id }
    if let oldest { set(oldest, nil) }
  }

  private func set(_ id: UInt32, _ new: State?) {
    let old = states.updateValueOrRemove(new, for: id)
    count(old, -1)
    count(new, 1)
  }

  private func count(_ state: State?, _ step: Int) {
    switch state {
    case .unary: allRunning += step
    case .receiving, .replying:
      allRunning += step
      streamsRunning += step
    case .abandoned: allRunning += step
    case .lingering: lingering += step
    case nil: break
    }
  }
}

extension Dictionary {
  fileprivate mutating func updateValueOrRemove(_ value: Value?, for key: Key) -> Value? {
    guard let value else { return removeValue(forKey: key) }
    return updateValue(value, forKey: key)
  }
}
