import Signing

/// What the signature of a request is worth.
enum SignatureVerdict: Equatable {
  /// There is no secret to check it with.
  case unchecked
  case valid
  case invalid(VerificationError)

  var word: String {
    switch self {
    case .unchecked: "unchecked"
    case .valid: "valid"
    case .invalid: "invalid"
    }
  }

  /// Why it is invalid.
  var reason: String? {
    if case .invalid(let error) = self { "\(error)" } else { nil }
  }
}

/// Checks the signatures of received requests.
struct SignatureCheck {
  private let verifier: SignatureVerifier?

  /// - Parameter secrets: none to check nothing, at most 10.
  /// - Throws: ``SigningSecretError`` or ``SigningError`` for secrets that are none of the scheme.
  init(_ scheme: SignatureScheme, header: SignatureHeaderName, secrets: [String]) throws {
    guard !secrets.isEmpty else {
      verifier = nil
      return
    }
    verifier = try SignatureVerifier(
      profile: scheme.form(header: header), keys: try secrets.map { try scheme.key($0) })
  }

  /// - Parameter headers: names in either case.
  func verdict(
    _ headers: [SignatureHeader], body: [UInt8], nowUnixSeconds: Int64
  ) -> SignatureVerdict {
    guard let verifier else { return .unchecked }
    do throws(VerificationError) {
      try verifier.verify(headers, body: body, nowUnixSeconds: nowUnixSeconds)
      return .valid
    } catch {
      return .invalid(error)
    }
  }
}
