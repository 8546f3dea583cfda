internal import KeyRules

/// A secret just made: what goes to the caller, once, and what is stored.
struct IssuedSecret: Sendable {
  let version: Int32
  let token: Token
  let signing: Token?
  let digest: [UInt8]
  let pepperVersion: Int32
  /// The signing secret as an envelope.
  let sealedSigning: [UInt8]?

  /// - Throws: ``EnvelopeError``.
  init(
    of key: APIKeyID, tenant: TenantID, version: Int32, environment: KeyEnvironment,
    withSigningSecret: Bool, keyring: Keyring
  ) throws(EnvelopeError) {
    self.version = version
    token = .generate(.apiKey(environment))
    digest = keyring.primaryPepper.digest(of: token.secret)
    pepperVersion = keyring.primaryPepper.version
    guard withSigningSecret else {
      signing = nil
      sealedSigning = nil
      return
    }
    let signing = Token.generate(.signingSecret)
    let place = SigningSecretPlace(tenant: tenant, key: key, version: version)
    sealedSigning = try signing.secret.withBytes { bytes throws(EnvelopeError) in
      try keyring.seal(bytes, for: place.context)
    }
    self.signing = signing
  }
}
