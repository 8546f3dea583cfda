/// How much JSON is accepted. What is larger or deeper is refused before it costs more.
package struct JSONLimits: Sendable, Hashable {
  /// Bytes of the text; 4 MiB, the largest message of the wire, unless told. Always below
  /// 2^29, which is what positions on the tape can hold.
  package let maxBytes: Int
  /// Arrays and objects inside one another; 64 unless told. `[]` has depth 1.
  package let maxDepth: Int

  package init(maxBytes: Int = 4 << 20, maxDepth: Int = 64) {
    self.maxBytes = min(max(maxBytes, 0), (1 << 29) - 1)
    self.maxDepth = max(maxDepth, 0)
  }
}
