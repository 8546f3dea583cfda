/// Why a text is no signing secret, or no public key. It shows no part of the text; the description
/// can follow the name of a field.
package enum SigningSecretError: Error, Sendable, Hashable {
  /// Nothing at all, or a prefix alone.
  case empty
  case notBase64
  /// A symmetric key of so many bytes.
  case keyLength(Int)
  /// An Ed25519 pair of so many bytes.
  case pairLength(Int)
  /// The public half does not belong to the seed.
  case pairMismatch
  /// A public key of so many bytes.
  case publicKeyLength(Int)
  /// A passphrase of so many bytes.
  case passphraseLength(Int)
  /// A passphrase with blanks, control characters or characters that are not ASCII.
  case notVisible
}

extension SigningSecretError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .empty: "must not be empty"
    case .notBase64: "must be standard base 64 with padding, after its prefix"
    case .keyLength(let count):
      "must be the base 64 of \(SigningSecret.keyLengths.lowerBound) to "
        + "\(SigningSecret.keyLengths.upperBound) bytes, not \(count)"
    case .pairLength(let count):
      "must be the base 64 of a seed and its public key, \(SigningSecret.pairLength) bytes, "
        + "not \(count)"
    case .pairMismatch: "must be a seed followed by the public key that belongs to it"
    case .publicKeyLength(let count):
      "must be the base 64 of \(SigningPublicKey.length) bytes, not \(count)"
    case .passphraseLength(let count):
      "must be \(SigningSecret.passphraseLengths.lowerBound) to "
        + "\(SigningSecret.passphraseLengths.upperBound) characters long, not \(count)"
    case .notVisible: "must be visible ASCII characters, without blanks"
    }
  }
}
