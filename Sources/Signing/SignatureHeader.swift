/// A header field of a signed request: what is to be sent, or what was received.
package struct SignatureHeader: Sendable, Hashable {
  /// Names of Standard Webhooks 1.0.0.
  package static let id = "webhook-id"
  package static let timestamp = "webhook-timestamp"
  package static let signature = "webhook-signature"

  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// Whether two names of header fields are the same: ASCII letters of either case are.
func isSameHeader(_ left: String, _ right: String) -> Bool {
  left.utf8.count == right.utf8.count
    && zip(left.utf8, right.utf8).allSatisfy { lowercased($0) == lowercased($1) }
}

/// An ASCII letter in lower case, anything else as it is.
func lowercased(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
