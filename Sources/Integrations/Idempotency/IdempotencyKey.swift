/// What a caller repeats a request with.
package struct IdempotencyKey: Hashable, Sendable {
  package let text: String

  /// Nil unless it is 1 to 255 visible ASCII characters.
  package init?(_ text: String) {
    guard (1...255).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    self.text = text
  }
}
