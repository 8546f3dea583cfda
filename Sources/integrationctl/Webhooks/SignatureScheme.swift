import ArgumentParser
import IntegrationClient
import Signing

/// What signatures look like, as options spell it.
enum SignatureScheme: String, CaseIterable, ExpressibleByArgument {
  case standard, asymmetric, github, stripe
  case bodyHex = "body-hex"

  /// As the contract has it.
  var profile: WebhookSignatureProfile {
    switch self {
    case .standard: .standard
    case .asymmetric: .standardAsymmetric
    case .github: .github
    case .stripe: .stripe
    case .bodyHex: .bodyHex
    }
  }

  /// How a profile of the contract is spelt.
  static func name(of profile: WebhookSignatureProfile) -> String {
    allCases.first { $0.profile == profile }?.rawValue ?? Format.word(profile)
  }

  /// What checks such signatures.
  /// - Parameter header: for body-hex, where the signature is.
  func form(header: SignatureHeaderName) -> SignatureProfile {
    switch self {
    case .standard, .asymmetric: .standard
    case .github: .github
    case .stripe: .stripe
    case .bodyHex: .bodyHex(header: header)
    }
  }

  /// What a receiver holds, read from its text: `whsec_...`; for asymmetric `whpk_...`, or the
  /// sender's `whsk_...`; for the others the whole text, whatever it is.
  func key(_ text: String) throws(SigningSecretError) -> VerificationKey {
    switch self {
    case .asymmetric where !text.hasPrefix(SigningSecret.ed25519Prefix):
      .publicKey(try SigningPublicKey(text))
    case .standard, .asymmetric: .secret(try SigningSecret(text))
    case .github, .stripe, .bodyHex: .secret(try SigningSecret(text, kind: .passphrase))
    }
  }
}
