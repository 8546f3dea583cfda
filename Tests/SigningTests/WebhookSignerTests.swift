import Signing
import Testing

@Suite struct WebhookSignerTests {
  private func value(_ profile: SignatureProfile, _ secrets: SigningSecret...) throws -> String {
    let headers = try WebhookSigner(profile: profile, secrets: secrets).headers(for: message())
    #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", profile.headerName])
    #expect(headers[0].value == "msg_p5jXN8AQM9LWM0D4loKWxJek")
    #expect(headers[1].value == "1614265330")
    return headers[2].value
  }

  private func symmetric() throws -> SigningSecret { try SigningSecret(Sample.symmetric) }
  private func passphrase() throws -> SigningSecret {
    try SigningSecret(Sample.passphrase, kind: .passphrase)
  }

  // The codes below were computed with Python's hmac.
  private let bodyCode = "80ec8a89ce3cd22133a1066caecb4d04fea7467657c8514d717ec42c38a5c94c"
  private let bodyCodeOfPassphrase =
    "e995596f7bf8cd027236af2b61aac64caa3dc725740351b796ac436c1e216b5b"

  @Test("the standard profile signs with every secret, in their order")
  func standard() throws {
    let asymmetric = try SigningSecret(Sample.ed25519)
    let parts = try value(.standard, SigningSecret(Sample.other), asymmetric, symmetric())
      .split(separator: " ")
    #expect(parts.count == 3)
    #expect(parts[0].hasPrefix("v1,"))
    #expect(parts[1].hasPrefix("v1a,hnO3f9T8"))
    #expect(parts[2] == Sample.signature)
  }

  @Test("GitHub's profile signs the body with the text of the newest secret")
  func github() throws {
    #expect(try value(.github, symmetric()) == "sha256=" + bodyCode)
    #expect(try value(.github, passphrase(), symmetric()) == "sha256=" + bodyCodeOfPassphrase)
    #expect(SignatureProfile.github.headerName == "X-Hub-Signature-256")
  }

  @Test("Stripe's profile signs time and body with the text of every secret")
  func stripe() throws {
    let first = "2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964"
    let second = "6ae0b0dd98c8ffdf1dab027be861c6325a013a9265f274ca499058e814b7c5a8"
    #expect(try value(.stripe, symmetric()) == "t=1614265330,v1=\(first)")
    #expect(
      try value(.stripe, symmetric(), passphrase()) == "t=1614265330,v1=\(first),v1=\(second)")
    #expect(SignatureProfile.stripe.headerName == "Stripe-Signature")
  }

  @Test("the profile of a bare code signs the body with the text of the newest secret")
  func bodyHex() throws {
    #expect(try value(.bodyHex(header: .standard), symmetric(), passphrase()) == bodyCode)
    let header = try SignatureHeaderName("X-School-Signature")
    #expect(try value(.bodyHex(header: header), passphrase()) == bodyCodeOfPassphrase)
    #expect(SignatureProfile.bodyHex(header: .standard).headerName == "X-Signature")
    #expect(SignatureProfile.bodyHex(header: header).headerName == "X-School-Signature")
  }

  @Test("an empty body can be signed in every profile")
  func emptyBody() throws {
    for profile in profiles {
      let signer = try WebhookSigner(profile: profile, secrets: [symmetric()])
      let headers = try signer.headers(for: message(body: ""))
      let verifier = try SignatureVerifier(profile: profile, keys: [.secret(symmetric())])
      #expect(try verifier.verify(headers, body: [], nowUnixSeconds: 1_614_265_330) == 0)
    }
  }

  @Test("1 to 10 secrets sign")
  func counts() throws {
    let secret = try symmetric()
    let ten = Array(repeating: secret, count: 10)
    #expect(
      try WebhookSigner(profile: .standard, secrets: ten).headers(for: message())[2].value
        == Array(repeating: Sample.signature, count: 10).joined(separator: " "))
    #expect(throws: SigningError.noSecret) { try WebhookSigner(profile: .standard, secrets: []) }
    #expect(throws: SigningError.tooManySecrets(11)) {
      try WebhookSigner(profile: .standard, secrets: ten + [secret])
    }
  }

  @Test("a secret that the profile does not know is refused, and which one is told")
  func unfit() throws {
    let good = try symmetric()
    #expect(
      throws: SigningError.unfitSecret(index: 1, kind: .passphrase, profile: "standard")
    ) {
      try WebhookSigner(profile: .standard, secrets: [good, passphrase()])
    }
    for profile in profiles.dropFirst() {
      #expect(
        throws: SigningError.unfitSecret(index: 0, kind: .ed25519, profile: profile.name)
      ) {
        try WebhookSigner(profile: profile, secrets: [SigningSecret(Sample.ed25519)])
      }
    }
  }

  @Test("errors can be read")
  func texts() {
    let errors: [(SigningError, String)] = [
      (.noSecret, "must have a signing secret"),
      (.tooManySecrets(11), "must have at most 10 signing secrets, not 11"),
      (
        .unfitSecret(index: 0, kind: .passphrase, profile: "standard"),
        "must have secrets that begin with whsec_ or whsk_ for the profile standard"
      ),
      (
        .unfitSecret(index: 0, kind: .ed25519, profile: "github"),
        "must have no ed25519 secret for the profile github"
      ),
      (.cipher, "could not be signed"),
    ]
    for (error, text) in errors { #expect("\(error)" == text) }
  }

  @Test("profiles have names to store")
  func names() {
    #expect(profiles.map(\.name) == ["standard", "github", "stripe", "body_hex"])
  }

  private let profiles: [SignatureProfile] = [
    .standard, .github, .stripe, .bodyHex(header: .standard),
  ]
}
