/// Compares and hashes values as JSON Schema does (core §4.2.2), without recursion and within a
/// budget of steps: one per value compared, two per key looked up or value hashed, one per 16 bytes of text.
enum JSONEquality {
  /// As ``equal(_:_:_:)``, whatever it takes.
  static func equal(_ left: JSONValue, _ right: JSONValue) -> Bool {
    var budget = StepBudget(steps: .max)
    do {
      return try equal(left, right, &budget)
    } catch {
      // Such a budget is never used up.
      return false
    }
  }

  /// As ``hash(_:_:)``, whatever it takes.
  static func hash(_ value: JSONValue) -> Int {
    var budget = StepBudget(steps: .max)
    do {
      return try hash(value, &budget)
    } catch {
      // As above.
      return 0
    }
  }

  static func equal(
    _ left: JSONValue, _ right: JSONValue, _ budget: inout StepBudget
  ) throws(ValidationError) -> Bool {
    let (one, other) = (left.document, right.document)
    var pairs = [(left.node, right.node)]
    while let (a, b) = pairs.popLast() {
      try budget.spend(1)
      let (first, second) = (one.nodes[a], other.nodes[b])
      guard first.kind == second.kind else { return false }
      switch first.kind {
      case .null, .false, .true: break
      case .number:
        try budget.spend(text: Int(first.count) + Int(second.count))
        guard one.number(at: a) == other.number(at: b) else { return false }
      case .string:
        guard first.count == second.count else { return false }
        try budget.spend(text: Int(first.count))
        guard one.utf8(of: a) == other.utf8(of: b) else { return false }
      case .array:
        guard first.count == second.count else { return false }
        try budget.spend(Int(first.count))
        pairs.append(contentsOf: zip(one.items(of: a), other.items(of: b)))
      case .object:
        guard first.count == second.count else { return false }
        // A key is looked up, which takes as long as to hash it.
        try budget.spend(2 * Int(first.count))
        for key in one.keys(of: a) {
          try budget.spend(text: Int(one.nodes[key].count))
          guard let value = other.value(of: one.utf8(of: key), in: b) else { return false }
          pairs.append((key + 1, value))
        }
      }
    }
    return true
  }

  /// Equal for equal values. Seeded per process, as ``KeyTable`` is.
  static func hash(
    _ value: JSONValue, _ budget: inout StepBudget
  ) throws(ValidationError) -> Int {
    let document = value.document
    // What is inside a value follows it on the tape. So, read backwards, the hashes a value needs
    // are on top of the stack, the first on top.
    var done: [Int] = []
    for node in (value.node..<document.end(of: value.node)).reversed() {
      // To hash a value takes twice as long as to look at it.
      try budget.spend(2)
      let entry = document.nodes[node]
      var hasher = Hasher()
      hasher.combine(entry.kind)
      switch entry.kind {
      case .null, .false, .true: break
      case .number:
        try budget.spend(text: Int(entry.count))
        hasher.combine(document.number(at: node))
      case .string:
        try budget.spend(text: Int(entry.count))
        KeyTable.combine(document.utf8(of: node).span, into: &hasher)
      case .array:
        hasher.combine(entry.count)
        for _ in 0..<entry.count { hasher.combine(done.popLast()) }
      case .object:
        // A sum, so that order is of no account.
        var sum = 0
        for _ in 0..<entry.count {
          var member = Hasher()
          member.combine(done.popLast())
          member.combine(done.popLast())
          sum &+= member.finalize()
        }
        hasher.combine(sum)
      }
      done.append(hasher.finalize())
    }
    return done.last ?? 0
  }
}
