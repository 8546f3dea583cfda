private import Synchronization

/// Bytes that must not be seen: owned by this object alone, never printed, wiped when it goes.
///
/// `description`, `debugDescription` and `Mirror` (hence `dump` and crash reports) say `[redacted]`.
/// A `String` made by ``reveal()`` is a copy that cannot be wiped: make it last, and once.
package final class Secret: Sendable {
  private let storage: Mutex<[UInt8]>

  /// Copies `bytes` into a buffer of its own; the caller wipes the original.
  package init(copying bytes: Span<UInt8>) {
    var own: [UInt8] = []
    own.reserveCapacity(bytes.count)
    for index in bytes.indices { own.append(bytes[index]) }
    storage = Mutex(own)
  }

  deinit {
    storage.withLock { wipe(&$0) }
  }

  /// How many bytes it has.
  package var count: Int { storage.withLock { $0.count } }

  /// Lends the bytes for the duration of `body`, which must not copy them.
  package func withBytes<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> sending Result
  ) throws(Failure) -> Result {
    try storage.withLock { bytes throws(Failure) in try body(bytes.span) }
  }

  /// The bytes as text, for the one answer that may show it.
  package func reveal() -> String {
    storage.withLock { String(decoding: $0, as: UTF8.self) }
  }
}

extension Secret: Equatable {
  /// Compares in constant time.
  package static func == (left: Secret, right: Secret) -> Bool {
    if left === right { return true }
    var copy: [UInt8] = []
    left.withBytes { bytes in for index in bytes.indices { copy.append(bytes[index]) } }
    defer { wipe(&copy) }
    return right.withBytes { constantTimeEquals(copy.span, $0) }
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var debugDescription: String { "[redacted]" }
  package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
