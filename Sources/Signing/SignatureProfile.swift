/// How a receiver expects requests to be signed.
///
/// Whatever the profile, ``SignatureHeader/id`` and ``SignatureHeader/timestamp`` are sent. Only
/// ``standard`` signs the id, and only ``standard`` and ``stripe`` sign the time: a receiver of the
/// others cannot tell a replay by the signature, and should prefer ``standard``.
package enum SignatureProfile: Sendable, Hashable {
  /// Standard Webhooks 1.0.0: `webhook-signature`, a list separated by spaces, of
  /// `v1,<base 64 of HMAC-SHA-256>` and `v1a,<base 64 of Ed25519>` over `id.timestamp.body`.
  ///
  /// The receiver gives its library the `whsec_` secret, or the `whpk_` key of a `whsk_` secret.
  /// Every secret signs, so secrets can be replaced without a gap.
  case standard

  /// `X-Hub-Signature-256: sha256=<hex of HMAC-SHA-256>` over the body.
  ///
  /// The receiver configures the whole text of the secret, `whsec_` included, as its "secret" and
  /// must not decode it. There is room for one signature: only the newest secret signs, so the
  /// receiver has to accept both for as long as a replacement takes.
  case github

  /// `Stripe-Signature: t=<timestamp>,v1=<hex of HMAC-SHA-256>` over `timestamp.body`, with another
  /// `,v1=<hex>` for each further secret.
  ///
  /// The receiver gives its library the whole text of the secret as "endpoint secret". The library
  /// does not decode what follows `whsec_`.
  case stripe

  /// The hex of HMAC-SHA-256 over the body, alone, in a header field of its own.
  ///
  /// The receiver uses the whole text of the secret, `whsec_` included, as the key. There is room
  /// for one signature: only the newest secret signs.
  case bodyHex(header: SignatureHeaderName)

  /// The profile without its parameters: `standard`, `github`, `stripe` or `body_hex`.
  package var name: String {
    switch self {
    case .standard: "standard"
    case .github: "github"
    case .stripe: "stripe"
    case .bodyHex: "body_hex"
    }
  }

  /// The header field that carries the signature.
  package var headerName: String {
    switch self {
    case .standard: SignatureHeader.signature
    case .github: "X-Hub-Signature-256"
    case .stripe: "Stripe-Signature"
    case .bodyHex(let header): header.text
    }
  }

  /// Whether secrets of this kind can sign. A passphrase is no key of the standard's, and the
  /// others know no asymmetric keys.
  package func accepts(_ kind: SigningSecret.Kind) -> Bool {
    switch (self, kind) {
    case (.standard, .symmetric), (.standard, .ed25519): true
    case (.standard, .passphrase): false
    case (_, .symmetric), (_, .passphrase): true
    case (_, .ed25519): false
    }
  }
}
