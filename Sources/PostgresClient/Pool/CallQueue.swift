internal import DequeModule

/// The calls of a ``Lane`` that wait to be sent. Lookups wait for company, which is no reason for the
/// rest to wait; and what they would share a Sync with might take long: so they wait and leave apart,
/// in turns when both could leave.
struct CallQueue {
  enum Kind {
    case lookups, others
  }

  private var lookups = Deque<Call>()
  private var others = Deque<Call>()
  private var last = Kind.others

  var count: Int { lookups.count + others.count }
  var isEmpty: Bool { count == 0 }
  var lookupCount: Int { lookups.count }

  /// The kind whose turn it is; nil when there is nothing to send.
  /// - Parameter lookupsWait: not yet the lookups'.
  func next(lookupsWait: Bool) -> Kind? {
    let haveLookups = !lookups.isEmpty && !lookupsWait
    guard !others.isEmpty else { return haveLookups ? .lookups : nil }
    return haveLookups && last == .others ? .lookups : .others
  }

  /// Whether the next call of a kind shares no Sync with others.
  func runsAlone(_ kind: Kind) -> Bool { kind == .others && others.first?.runsAlone == true }

  mutating func append(_ call: Call) {
    if call.mayGather { lookups.append(call) } else { others.append(call) }
  }

  /// Puts calls ahead of those that wait, in their order.
  mutating func putBack(_ calls: [Call]) {
    lookups.insert(contentsOf: calls.filter(\.mayGather), at: 0)
    others.insert(contentsOf: calls.filter { !$0.mayGather }, at: 0)
  }

  /// Takes the next group of a kind: at most `limit` lookups; of the rest what runs alone alone, and
  /// otherwise a share of what waits.
  mutating func takeGroup(of kind: Kind, shares: Int, limit: Int) -> [Call] {
    last = kind
    switch kind {
    case .lookups:
      let group = Array(lookups.prefix(limit))
      lookups.removeFirst(group.count)
      return group
    case .others:
      let size = min(limit, (others.count + shares - 1) / shares)
      let group = Array(others.prefix(size).prefix { !$0.runsAlone })
      guard !group.isEmpty else { return others.popFirst().map { [$0] } ?? [] }
      others.removeFirst(group.count)
      return group
    }
  }

  /// False when `call` does not wait here.
  mutating func remove(_ call: Call) -> Bool {
    if let index = lookups.firstIndex(where: { $0 === call }) {
      lookups.remove(at: index)
    } else if let index = others.firstIndex(where: { $0 === call }) {
      others.remove(at: index)
    } else {
      return false
    }
    return true
  }

  mutating func removeAll(where shouldBeRemoved: (Call) -> Bool) {
    lookups.removeAll(where: shouldBeRemoved)
    others.removeAll(where: shouldBeRemoved)
  }

  /// Empties the queue.
  mutating func takeAll() -> [Call] {
    let calls = Array(lookups) + Array(others)
    lookups.removeAll()
    others.removeAll()
    return calls
  }
}
