/// Why nothing can be signed or verified with these secrets.
package enum SigningError: Error, Sendable, Hashable {
  case noSecret
  /// So many secrets.
  case tooManySecrets(Int)
  /// The secret at this place is of a kind that the profile of this name does not know.
  case unfitSecret(index: Int, kind: SigningSecret.Kind, profile: String)
  /// The cryptography library refused; this is our fault.
  case cipher
}

extension SigningError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noSecret: "must have a signing secret"
    case .tooManySecrets(let count):
      "must have at most \(WebhookSigner.maxSecrets) signing secrets, not \(count)"
    case .unfitSecret(_, .passphrase, let profile):
      "must have secrets that begin with \(SigningSecret.symmetricPrefix) or "
        + "\(SigningSecret.ed25519Prefix) for the profile \(profile)"
    case .unfitSecret(_, let kind, let profile):
      "must have no \(kind.rawValue) secret for the profile \(profile)"
    case .cipher: "could not be signed"
    }
  }
}
