/// Which check a received request failed. The first that fails is told, in the order: headers are
/// there, id, timestamp, form of the signature, signature.
package enum VerificationError: Error, Sendable, Hashable {
  /// Not there, or empty.
  case missingHeader(String)
  /// There more than once, so that different readers could see different values.
  case repeatedHeader(String)
  case invalidID
  /// Not whole Unix seconds.
  case invalidTimestamp
  /// Sent longer ago than is tolerated: by so many seconds before now.
  case tooOld(seconds: Int64)
  /// Sent later than is tolerated: by so many seconds after now.
  case tooNew(seconds: Int64)
  /// Not of the profile's form.
  case malformedSignature
  /// Signatures, but none of a version that the profile knows.
  case unknownVersion
  /// More signatures than any sender makes.
  case tooManySignatures
  /// The signature is of another message, or by another secret.
  case noMatch
}

extension VerificationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missingHeader(let name): "the header \(name) is missing or empty"
    case .repeatedHeader(let name): "the header \(name) is there more than once"
    case .invalidID: "the id is not 1 to 255 visible ASCII characters without dots"
    case .invalidTimestamp: "the timestamp is not a Unix time in seconds"
    case .tooOld(let seconds): "the timestamp is \(seconds) s old"
    case .tooNew(let seconds): "the timestamp is \(seconds) s in the future"
    case .malformedSignature: "the signature does not have the form of its profile"
    case .unknownVersion: "there is no signature of a known version"
    case .tooManySignatures: "there are more than \(SignatureVerifier.maxSignatures) signatures"
    case .noMatch: "no signature matches: another message, or another secret"
    }
  }
}
