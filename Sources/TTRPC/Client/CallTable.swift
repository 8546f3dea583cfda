/// The calls of one connection that wait for their answer, by stream.
///
/// Streams are numbered in order and most answers come soon, so a call nearly always has the place that
/// its number says, and no number need be hashed. Only where a call has waited while as many others as
/// there are places came and went, a later one stands aside.
final class CallTable {
  /// Not elements of an array that changes: each look at that would be checked for exclusive access.
  private final class Place {
    var call: ClientCall?
    /// Whose place it is. Meaningless without a call.
    var stream: UInt32 = 0
  }

  /// Most calls at the same time for which it is made; others stand aside.
  private static let most = 512

  private let places: [Place]
  /// Calls whose place was taken.
  private var aside: [UInt32: ClientCall] = [:]
  private(set) var count = 0

  /// - Parameter usual: calls at the same time for which it is made.
  init(usual: Int) {
    var size = 1
    while size < 2 * min(usual, Self.most) { size *= 2 }
    places = (0..<size).map { _ in Place() }
  }

  /// The calls, in no order.
  var all: [ClientCall] { places.compactMap(\.call) + aside.values }

  subscript(stream: UInt32) -> ClientCall? {
    let place = place(stream)
    if place.stream == stream, let call = place.call { return call }
    return aside.isEmpty ? nil : aside[stream]
  }

  /// Adds a call, whose stream is none of those here.
  func insert(_ call: ClientCall, _ stream: UInt32) {
    let place = place(stream)
    count += 1
    if place.call == nil {
      place.call = call
      place.stream = stream
    } else {
      aside[stream] = call
    }
  }

  /// Takes a call out. False when it is not there.
  func remove(_ stream: UInt32) -> Bool {
    let place = place(stream)
    if place.stream == stream, place.call != nil {
      place.call = nil
    } else if aside.isEmpty || aside.removeValue(forKey: stream) == nil {
      return false
    }
    count -= 1
    return true
  }

  /// Takes all calls out.
  func removeAll() -> [ClientCall] {
    let calls = all
    for place in places { place.call = nil }
    aside = [:]
    count = 0
    return calls
  }

  /// Clients use odd numbers only.
  private func place(_ stream: UInt32) -> Place { places[Int(stream >> 1) & (places.count - 1)] }
}
