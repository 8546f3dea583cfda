import ArgumentParser
import IntegrationClient

/// How a webhook authenticates. Secrets come from standard input, never from arguments, which every
/// process on the host can see.
struct AuthenticationOptions: ParsableArguments {
  @Option(help: "How the receiver knows who calls. Default: hmac, a signature.")
  var auth: Choice<WebhookAuthType>?
  @Option(help: "For hmac: what signatures look like. Default: standard.")
  var profile: SignatureScheme?
  @Option(
    help: ArgumentHelp(
      "For the body-hex profile: the header. Default: X-Signature.", valueName: "name"))
  var signatureHeader: String?
  @Flag(help: "For hmac: read the secret from standard input instead of having one made.")
  var secretStdin = false
  @Option(help: ArgumentHelp("For basic: the user's name.", valueName: "name"))
  var username: String?
  @Flag(help: "For basic: read the password from standard input.")
  var passwordStdin = false
  @Flag(help: "For bearer: read the token from standard input.")
  var tokenStdin = false

  /// What `--auth` says, or what the other options amount to; nil when there is none of them.
  var type: WebhookAuthType? {
    if let auth { return auth.value }
    if username != nil || passwordStdin { return .basic }
    if tokenStdin { return .bearer }
    return profile != nil || signatureHeader != nil || secretStdin ? .hmac : nil
  }

  func validate() throws {
    guard let type else { return }
    let belongs: [(option: String, isGiven: Bool, type: WebhookAuthType)] = [
      ("--profile", profile != nil, .hmac), ("--signature-header", signatureHeader != nil, .hmac),
      ("--secret-stdin", secretStdin, .hmac), ("--username", username != nil, .basic),
      ("--password-stdin", passwordStdin, .basic), ("--token-stdin", tokenStdin, .bearer),
    ]
    for (option, isGiven, owner) in belongs where isGiven && owner != type {
      throw ValidationError("\(option) belongs to --auth \(Format.word(owner))")
    }
    if type == .basic, username == nil || !passwordStdin {
      throw ValidationError("--auth basic needs --username and --password-stdin")
    }
    if type == .bearer, !tokenStdin {
      throw ValidationError("--auth bearer needs --token-stdin")
    }
    if signatureHeader != nil, profile != .bodyHex {
      throw ValidationError("--signature-header belongs to --profile body-hex")
    }
  }

  /// The authentication, with its secret read by `secret`; nil when no option says anything.
  func read(
    secret: (_ what: String) throws -> String = InputBytes.secret
  ) throws -> WebhookAuth? {
    guard let type else { return nil }
    var auth = WebhookAuth(authType: type)
    switch type {
    case .basic:
      auth.username = username ?? ""
      auth.password = try secret("password")
    case .bearer: auth.token = try secret("token")
    case .hmac:
      auth.signatureProfile = profile?.profile ?? .unspecified
      auth.signatureHeader = signatureHeader ?? ""
      if secretStdin { auth.signingSecret = try secret("signing secret") }
    case .none, .unspecified, .unrecognized: break
    }
    return auth
  }
}
