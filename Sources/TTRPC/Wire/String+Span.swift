extension String {
  /// A copy of `bytes`, or nil when they are not UTF-8.
  init?(validating bytes: Span<UInt8>) {
    // losing the error is right: which byte is wrong helps nobody.
    guard let text = try? UTF8Span(validating: bytes) else { return nil }
    self.init(copying: text)
  }
}
