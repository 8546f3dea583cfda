private import Crypto
private import KeyRules

/// A key of HMAC-SHA-256 (RFC 2104), ready to use.
///
/// The bytes are held by the cryptography library, which wipes them; nothing prints them.
package struct MACKey: Sendable {
  /// Bytes of a code.
  package static let codeLength = 32

  private let key: SymmetricKey

  /// - Parameter bytes: of any length; the caller wipes the original.
  package init(_ bytes: Span<UInt8>) {
    var copied: [UInt8] = []
    copied.reserveCapacity(bytes.count)
    for index in bytes.indices { copied.append(bytes[index]) }
    defer { wipe(&copied) }
    key = SymmetricKey(data: copied)
  }

  /// The code of `head` followed by `body`. Neither is copied.
  package func code(of body: [UInt8], after head: [UInt8] = []) -> [UInt8] {
    var code = HMAC<SHA256>(key: key)
    code.update(data: head)
    code.update(data: body)
    return Array(code.finalize())
  }
}

extension MACKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
