package import KeyRules

/// What one webhook's requests are signed with, in the form its receiver was given.
///
/// The forms of Standard Webhooks (`whsec_`, `whsk_`) serve every fitting ``SignatureProfile``; a
/// passphrase is what an older receiver already holds. Texts and keys are never printed.
package struct SigningSecret: Sendable {
  /// What a secret is. The raw value is the one to store beside it.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// `whsec_` and the base 64 of a key of HMAC-SHA-256.
    case symmetric
    /// `whsk_` and the base 64 of an Ed25519 seed followed by its public key.
    case ed25519
    /// A text of the receiver's choice; it is the key itself. Not for the standard profile.
    case passphrase
  }

  enum Material: Sendable {
    case mac(MACKey)
    case pair(Ed25519KeyPair)
    case none
  }

  /// How a symmetric secret begins.
  package static let symmetricPrefix = "whsec_"
  /// How an asymmetric secret begins.
  package static let ed25519Prefix = "whsk_"
  /// Bytes of a symmetric key that are accepted (Standard Webhooks 1.0.0).
  package static let keyLengths = 24...64
  /// Bytes of a symmetric key that is made here.
  package static let generatedKeyLength = 32
  /// Bytes of an Ed25519 seed and its public key.
  package static let pairLength = Ed25519KeyPair.seedLength + SigningPublicKey.length
  /// Characters of a passphrase that are accepted.
  package static let passphraseLengths = 16...256

  package let kind: Kind
  /// The whole text, as the receiver has it.
  package let text: Secret
  /// What signs for the standard profile.
  let standardKey: Material
  /// Keyed with the text itself, for the profiles that do so.
  let textKey: MACKey

  /// Reads a secret of the standard: `whsk_` makes it asymmetric, all else is symmetric, with or
  /// without `whsec_`.
  /// - Throws: ``SigningSecretError``.
  package init(_ text: String) throws(SigningSecretError) {
    let kind: Kind = text.utf8.starts(with: Self.ed25519Prefix.utf8) ? .ed25519 : .symmetric
    try self.init(text, kind: kind)
  }

  /// - Throws: ``SigningSecretError``.
  package init(_ text: String, kind: Kind) throws(SigningSecretError) {
    var bytes = Array(text.utf8)
    defer { wipe(&bytes) }
    try self.init(Secret(copying: bytes.span), kind: kind)
  }

  /// Reads a secret as it was stored.
  /// - Throws: ``SigningSecretError``.
  package init(_ text: Secret, kind: Kind) throws(SigningSecretError) {
    self.kind = kind
    self.text = text
    (standardKey, textKey) = try text.withBytes {
      (bytes) throws(SigningSecretError) -> (Material, MACKey) in
      guard bytes.count > 0 else { throw .empty }
      let material: Material =
        switch kind {
        case .symmetric: .mac(try Self.macKey(of: bytes))
        case .ed25519: .pair(try Self.pair(of: bytes))
        case .passphrase: try Self.checked(passphrase: bytes)
        }
      return (material, MACKey(bytes))
    }
  }

  /// Its last four characters, to recognise it by.
  package var lastFour: String {
    text.withBytes { bytes in
      var last = ""
      for index in max(0, bytes.count - 4)..<bytes.count {
        last.unicodeScalars.append(Unicode.Scalar(bytes[index]))
      }
      return last
    }
  }

  /// The half that receivers of `v1a` signatures hold; nil unless the secret is asymmetric.
  package var publicKey: SigningPublicKey? {
    if case .pair(let pair) = standardKey { pair.publicKey } else { nil }
  }
}

extension SigningSecret {
  private static func macKey(of text: Span<UInt8>) throws(SigningSecretError) -> MACKey {
    var key = try decoded(text, after: symmetricPrefix)
    defer { wipe(&key) }
    guard keyLengths.contains(key.count) else { throw .keyLength(key.count) }
    return MACKey(key.span)
  }

  private static func pair(of text: Span<UInt8>) throws(SigningSecretError) -> Ed25519KeyPair {
    var halves = try decoded(text, after: ed25519Prefix)
    defer { wipe(&halves) }
    guard halves.count == pairLength else { throw .pairLength(halves.count) }
    var seed = Array(halves.prefix(Ed25519KeyPair.seedLength))
    defer { wipe(&seed) }
    guard
      let pair = Ed25519KeyPair(seed: seed),
      pair.publicKey.bytes == Array(halves.suffix(SigningPublicKey.length))
    else { throw .pairMismatch }
    return pair
  }

  private static func checked(passphrase: Span<UInt8>) throws(SigningSecretError) -> Material {
    guard passphraseLengths.contains(passphrase.count) else {
      throw .passphraseLength(passphrase.count)
    }
    for index in passphrase.indices where !(0x21...0x7E).contains(passphrase[index]) {
      throw .notVisible
    }
    return .none
  }

  private static func decoded(
    _ text: Span<UInt8>, after prefix: String
  ) throws(SigningSecretError) -> [UInt8] {
    var start = 0
    for byte in prefix.utf8 {
      guard start < text.count, text[start] == byte else {
        start = 0
        break
      }
      start += 1
    }
    guard start < text.count else { throw .empty }
    guard let bytes = Base64.decode(text.extracting(start..<text.count)) else { throw .notBase64 }
    return bytes
  }
}

extension SigningSecret: Equatable {
  /// Compares the texts in constant time.
  package static func == (left: SigningSecret, right: SigningSecret) -> Bool {
    left.kind == right.kind && left.text == right.text
  }
}

extension SigningSecret: CustomStringConvertible, CustomReflectable {
  package var description: String { "\(kind.rawValue) signing secret" }
  package var customMirror: Mirror { Mirror(self, children: ["kind": kind]) }
}
