/// A header field of a tenant's choice. Its value may be a credential and is not printed.
package struct CustomHeader: Sendable, Hashable {
  package let name: String
  package let value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Whether the name tells that the value is a secret, which is then never shown again:
  /// `authorization`, and names with a word such as `token` or `x-api-key`.
  package var isCredential: Bool {
    let name = lowercased(name)
    if name.elementsEqual("authorization".utf8) { return true }
    let words = name.split { !isAlphanumeric($0) }
    let secretWords = [
      "apikey", "auth", "credential", "credentials", "key", "passphrase", "password", "secret",
      "signature", "token",
    ]
    return words.contains { word in secretWords.contains { word.elementsEqual($0.utf8) } }
  }
}

extension CustomHeader: CustomStringConvertible, CustomReflectable {
  package var description: String { "\(name): [redacted]" }
  package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

/// The bytes of a text, its ASCII letters in lower case. Names of header fields are compared so.
func lowercased(_ text: String) -> [UInt8] {
  text.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
}

/// Whether a byte is a digit or an ASCII letter.
func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "a")...UInt8(ascii: "z"):
    true
  default: false
  }
}
