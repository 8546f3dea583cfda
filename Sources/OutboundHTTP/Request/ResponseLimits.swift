/// How much of a response is taken.
package struct ResponseLimits: Sendable, Hashable {
  /// Most bytes of header lines, those of interim responses and trailers included. More is a failure.
  package var headerBytes: Int
  /// Most bytes of body that are read; then the connection is closed.
  package var bodyBytes: Int
  /// Most bytes of body that are kept.
  package var keptBytes: Int

  package init(
    headerBytes: Int = 16 * 1024, bodyBytes: Int = 64 * 1024, keptBytes: Int = 16 * 1024
  ) {
    self.headerBytes = headerBytes
    self.bodyBytes = bodyBytes
    self.keptBytes = min(keptBytes, bodyBytes)
  }
}
