/// A libpq connection string. It may hold a password, so it is never printed.
struct ConnectionString: Sendable, CustomStringConvertible, CustomReflectable {
  private let text: String

  init(_ text: String) { self.text = text }

  /// For libpq alone.
  func reveal() -> String { text }

  var description: String { "[redacted]" }
  var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
