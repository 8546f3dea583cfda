/// Something that takes any bytes and must keep its promises.
protocol FuzzTarget: SendableMetatype {
  /// Ends the process when a promise is broken.
  static func run(_ input: FuzzInput)
}

let fuzzTargets: [String: any FuzzTarget.Type] = [
  "frames": FramesTarget.self,
  "messages": MessagesTarget.self,
  "allocations": AllocationsTarget.self,
  "urls": URLsTarget.self,
  "signatures": SignaturesTarget.self,
  "keys": KeysTarget.self,
  "json": JSONTarget.self,
]

/// Says what was promised and ends the process when it does not hold.
func promise(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError("BROKEN: \(what())") }
}

/// For what may not throw.
func promised<Value>(_ what: String, _ body: () throws -> Value) -> Value {
  do { return try body() } catch { fatalError("BROKEN: \(what): \(error)") }
}
