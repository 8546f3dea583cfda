internal import DeliveryRules

/// What stands for a header's value that is not shown, and whose value that is.
package enum MaskedHeader {
  package static let value = "***"

  /// Whether the value is never shown: the name tells of a secret, as a word of it or inside one
  /// (`X-Authorization`, `X-MyToken`). Rather one too many than one too few.
  package static func masks(_ name: String) -> Bool {
    if CustomHeader(name: name, value: "").isCredential { return true }
    let name = name.lowercased()
    return words.contains { name.contains($0) }
  }

  private static let words = [
    "authorization", "api-key", "apikey", "token", "secret", "password", "signature", "cookie",
    "credential",
  ]
}
