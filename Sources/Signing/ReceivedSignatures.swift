/// The signatures of a `webhook-signature` header, by version. Entries of other versions, and those
/// that cannot be signatures, are skipped.
struct StandardSignatures {
  /// Of `v1`, 32 bytes each.
  private(set) var codes: [[UInt8]] = []
  /// Of `v1a`, 64 bytes each.
  private(set) var ed25519: [[UInt8]] = []

  /// - Throws: ``VerificationError`` `unknownVersion` or `tooManySignatures`.
  init(_ value: String) throws(VerificationError) {
    var known = 0
    for entry in value.utf8.split(separator: UInt8(ascii: " ")) {
      guard let comma = entry.firstIndex(of: UInt8(ascii: ",")) else { continue }
      let version = entry[..<comma]
      let isCode = version.elementsEqual("v1".utf8)
      guard isCode || version.elementsEqual("v1a".utf8) else { continue }
      known += 1
      guard known <= SignatureVerifier.maxSignatures else { throw .tooManySignatures }
      let digits = Array(entry[entry.index(after: comma)...])
      guard let signature = Base64.decode(digits.span) else { continue }
      if isCode, signature.count == MACKey.codeLength { codes.append(signature) }
      if !isCode, signature.count == Ed25519KeyPair.signatureLength { ed25519.append(signature) }
    }
    guard known > 0 else { throw .unknownVersion }
  }
}

/// The parts of a `Stripe-Signature` header: `t=<timestamp>` and any number of `v1=<hex>`, separated
/// by commas. Other names, as `v0`, are skipped.
struct StripeSignatures {
  let timestamp: String
  /// Of `v1`, 32 bytes each.
  let codes: [[UInt8]]

  /// - Throws: ``VerificationError`` `malformedSignature`, `invalidTimestamp`, `unknownVersion`
  ///   or `tooManySignatures`.
  init(_ value: String) throws(VerificationError) {
    var timestamp: String?
    var codes: [[UInt8]] = []
    for entry in value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let sign = entry.firstIndex(of: UInt8(ascii: "=")) else { throw .malformedSignature }
      let text = entry[entry.index(after: sign)...]
      if entry[..<sign].elementsEqual("t".utf8) {
        guard timestamp == nil else { throw .malformedSignature }
        timestamp = String(Substring(text))
      } else if entry[..<sign].elementsEqual("v1".utf8) {
        guard codes.count < SignatureVerifier.maxSignatures else { throw .tooManySignatures }
        guard let code = Hex.decode(text), code.count == MACKey.codeLength else {
          throw .malformedSignature
        }
        codes.append(code)
      }
    }
    guard let timestamp, !timestamp.isEmpty else { throw .invalidTimestamp }
    guard !codes.isEmpty else { throw .unknownVersion }
    self.timestamp = timestamp
    self.codes = codes
  }
}
