internal import DeliveryRules
internal import IntegrationAPI
internal import KeyRules
internal import Signing

/// How a webhook is to authenticate, as a caller wants it.
struct RequestedAuth: Sendable {
  var authentication: WebhookAuthentication
  var username: String?
  var password: String?
  var token: String?
  /// For hmac. Nil: one is to be generated.
  var secret: SigningSecret?

  /// Replaces everything that authenticates; headers stay.
  /// - Returns: the text of the secret that was generated; empty when none was.
  func replace(_ credentials: inout WebhookCredentials, at now: UnixTime) -> String {
    credentials.username = username
    credentials.password = password
    credentials.token = token
    credentials.secrets = []
    guard let form = authentication.form else { return "" }
    let signing = secret ?? form.generateSecret()
    credentials.rotate(to: signing, at: now, overlapEnd: now)
    return secret == nil ? signing.text.reveal() : ""
  }
}

extension RequestCheck {
  /// How a webhook is to authenticate. What belongs to another `auth_type` is refused: whoever sends
  /// it is mistaken about what will be used.
  mutating func auth(_ auth: WebhookAuth, _ field: String) -> RequestedAuth {
    let type = known(
      auth.authType, "\(field).auth_type", [.unspecified, .none, .basic, .bearer, .hmac])
    var requested = RequestedAuth(authentication: .none)
    switch type {
    case .basic:
      requested.authentication = .basic
      requested.username = username(auth.username, "\(field).username")
      requested.password = line(auth.password, "\(field).password", 1...1024)
    case .bearer:
      requested.authentication = .bearer
      requested.token = bearerToken(auth.token, "\(field).token")
    case .unspecified, .hmac:
      let form = signatureForm(auth, field)
      requested.authentication = .hmac(form)
      requested.secret = signingSecret(auth.signingSecret, form, "\(field).signing_secret")
    case .none, .unrecognized: break
    }
    refuseStrangers(auth, requested.authentication, field)
    return requested
  }

  private mutating func refuseStrangers(
    _ auth: WebhookAuth, _ authentication: WebhookAuthentication, _ field: String
  ) {
    let strangers: [(String, isThere: Bool, belongs: Bool, String)] = [
      ("username", !auth.username.isEmpty, authentication == .basic, "basic"),
      ("password", !auth.password.isEmpty, authentication == .basic, "basic"),
      ("token", !auth.token.isEmpty, authentication == .bearer, "bearer"),
      (
        "signature_profile", auth.signatureProfile != .unspecified, authentication.form != nil,
        "hmac"
      ),
      ("signing_secret", !auth.signingSecret.isEmpty, authentication.form != nil, "hmac"),
      (
        "signature_header", !auth.signatureHeader.isEmpty, authentication.form != nil, "hmac"
      ),
    ]
    for (name, isThere, belongs, type) in strangers where isThere && !belongs {
      refuse("\(field).\(name)", "belongs to the auth_type \(type) only")
    }
  }

  /// RFC 7617 §2.
  private mutating func username(_ text: String, _ field: String) -> String {
    let username = line(text, field, 1...255)
    if username.utf8.contains(UInt8(ascii: ":")) { refuse(field, "must not hold a colon") }
    return username
  }

  /// `b64token` of RFC 6750 §2.1.
  private mutating func bearerToken(_ text: String, _ field: String) -> String {
    guard (1...4096).contains(text.utf8.count) else {
      refuse(field, text.isEmpty ? "is missing" : "must be at most 4096 characters long")
      return ""
    }
    let body = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }
    let isToken =
      !body.isEmpty
      && body.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "a")...UInt8(ascii: "z"):
          true
        default: "-._~+/".utf8.contains(byte)
        }
      }
    if !isToken {
      refuse(field, "must be ASCII letters, digits and any of -._~+/, with = at the end only")
    }
    return text
  }

  private mutating func signatureForm(_ auth: WebhookAuth, _ field: String) -> SignatureForm {
    let profile = known(
      auth.signatureProfile, "\(field).signature_profile",
      [.unspecified, .standard, .standardAsymmetric, .github, .stripe, .bodyHex])
    guard profile == .bodyHex else {
      if !auth.signatureHeader.isEmpty {
        refuse("\(field).signature_header", "belongs to the signature_profile BODY_HEX only")
      }
      switch profile {
      case .standardAsymmetric: return .standardAsymmetric
      case .github: return .github
      case .stripe: return .stripe
      case .unspecified, .standard, .bodyHex, .unrecognized: return .standard
      }
    }
    guard !auth.signatureHeader.isEmpty else { return .bodyHex(.standard) }
    do throws(SignatureHeaderNameError) {
      return .bodyHex(try SignatureHeaderName(auth.signatureHeader))
    } catch {
      refuse("\(field).signature_header", "\(error)")
      return .bodyHex(.standard)
    }
  }

  /// A secret of the caller's own. Empty: nil, one is to be generated.
  private mutating func signingSecret(
    _ text: String, _ form: SignatureForm, _ field: String
  ) -> SigningSecret? {
    guard !text.isEmpty else { return nil }
    do throws(UnfitSecret) {
      return try form.secret(text)
    } catch {
      refuse(field, "\(error)")
      return nil
    }
  }
}
