/// The data of a Response frame (`ttrpc.Response`), read in place.
package struct ResponseEnvelope: Equatable, Sendable {
  /// The serialized `google.rpc.Status`; nil when absent, which means success.
  package var status: Range<Int>?
  /// The serialized response message.
  package var payload: Range<Int> = 0..<0

  /// Reads the envelope that stands in `range`. Nil when it is not a `ttrpc.Response`.
  package init?(_ bytes: Span<UInt8>, in range: Range<Int>) {
    var reader = WireReader(range)
    do {
      while !reader.isAtEnd {
        let (number, wireType) = try reader.tag(bytes)
        switch number {
        case 1: status = try reader.lengthDelimited(bytes, wireType)
        case 2: payload = try reader.lengthDelimited(bytes, wireType)
        default: try reader.skip(bytes, wireType)
        }
      }
    } catch {
      return nil
    }
  }
}
