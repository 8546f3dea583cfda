internal import DeliveryRules
internal import IntegrationAPI
package import Signing

/// How a webhook authenticates, without its secrets.
package enum WebhookAuthentication: Hashable, Sendable {
  case none, basic, bearer
  case hmac(SignatureForm)

  /// As in the column `auth_type`.
  var name: String {
    switch self {
    case .none: "none"
    case .basic: "basic"
    case .bearer: "bearer"
    case .hmac: "hmac"
    }
  }

  var form: SignatureForm? { if case .hmac(let form) = self { form } else { nil } }

  /// As callers see it.
  var message: WebhookAuthType {
    switch self {
    case .none: .none
    case .basic: .basic
    case .bearer: .bearer
    case .hmac: .hmac
    }
  }

  /// Checks headers against what the daemon sets itself for a webhook that authenticates so.
  func headers(_ headers: [CustomHeader]) throws(WebhookHeadersError) -> WebhookHeaders {
    try WebhookHeaders(
      headers, daemonSetsAuthorization: self == .basic || self == .bearer,
      signatureHeader: form?.profile.headerName)
  }
}

/// What a webhook's signatures look like: a profile, and the kind of secret that goes with it.
package enum SignatureForm: Hashable, Sendable {
  case standard, standardAsymmetric, github, stripe
  case bodyHex(SignatureHeaderName)

  /// As in the column `signature_profile`.
  var name: String {
    switch self {
    case .standard: "standard"
    case .standardAsymmetric: "standard_asymmetric"
    case .github: "github"
    case .stripe: "stripe"
    case .bodyHex: "body_hex"
    }
  }

  /// As in the column `signature_header`.
  var header: String { if case .bodyHex(let header) = self { header.text } else { "" } }

  /// Nil for what is no name, or no header where one belongs.
  init?(name: String, header: String) {
    switch name {
    case "standard": self = .standard
    case "standard_asymmetric": self = .standardAsymmetric
    case "github": self = .github
    case "stripe": self = .stripe
    case "body_hex":
      do {
        self = .bodyHex(try SignatureHeaderName(header))
      } catch {
        return nil
      }
    default: return nil
    }
  }

  package var profile: SignatureProfile {
    switch self {
    case .standard, .standardAsymmetric: .standard
    case .github: .github
    case .stripe: .stripe
    case .bodyHex(let header): .bodyHex(header: header)
    }
  }

  /// As callers see it.
  var message: WebhookSignatureProfile {
    switch self {
    case .standard: .standard
    case .standardAsymmetric: .standardAsymmetric
    case .github: .github
    case .stripe: .stripe
    case .bodyHex: .bodyHex
    }
  }

  /// A new secret that fits.
  func generateSecret() -> SigningSecret {
    self == .standardAsymmetric ? .generateEd25519() : .generateSymmetric()
  }

  /// Reads a secret of the caller's own.
  /// - Throws: ``UnfitSecret``, whose description can follow the name of the field.
  func secret(_ text: String) throws(UnfitSecret) -> SigningSecret {
    let kind: SigningSecret.Kind
    switch self {
    case .standard: kind = .symmetric
    case .standardAsymmetric: kind = .ed25519
    case .github, .stripe, .bodyHex: kind = .passphrase
    }
    if let prefix = Self.prefix(of: kind), !text.utf8.starts(with: prefix.utf8) {
      throw UnfitSecret(description: "must begin with \(prefix)")
    }
    do throws(SigningSecretError) {
      return try SigningSecret(text, kind: kind)
    } catch {
      throw UnfitSecret(description: error.description)
    }
  }

  private static func prefix(of kind: SigningSecret.Kind) -> String? {
    switch kind {
    case .symmetric: SigningSecret.symmetricPrefix
    case .ed25519: SigningSecret.ed25519Prefix
    case .passphrase: nil
    }
  }
}

/// Why a text is no secret of a form. It shows no part of the text.
struct UnfitSecret: Error, CustomStringConvertible {
  let description: String
}
