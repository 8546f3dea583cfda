/// Why there is no keyring. The text is for the operator; it shows no key.
package enum KeyringError: Error, Sendable, Equatable {
  case notFound(path: String)
  case alreadyExists(path: String)
  case unreadable(path: String, reason: String)
  case unwritable(path: String, reason: String)
  case notRegularFile(path: String)
  case permissionsTooOpen(path: String, mode: UInt16)
  case foreignOwner(path: String, owner: UInt32)
  case tooLarge(path: String)
  case malformed(path: String, reason: String)
  case missing(KeyPurpose)
  case invalidVersion(KeyPurpose, Int32)
  case duplicateVersion(KeyPurpose, Int32)
  case wrongLength(KeyPurpose, Int32)
  case missingPrimary(KeyPurpose, Int32)
}

extension KeyringError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notFound(let path): "there is no keyring at \(path)"
    case .alreadyExists(let path): "there is a keyring at \(path) already"
    case .unreadable(let path, let reason): "the keyring \(path) cannot be read: \(reason)"
    case .unwritable(let path, let reason): "the keyring \(path) cannot be written: \(reason)"
    case .notRegularFile(let path): "the keyring \(path) is not a regular file"
    case .permissionsTooOpen(let path, let mode):
      "the keyring \(path) has mode 0\(String(mode, radix: 8)): others could use it; "
        + "run chmod 600 \(path)"
    case .foreignOwner(let path, let owner):
      "the keyring \(path) belongs to user \(owner), neither to this daemon's user nor to root"
    case .tooLarge(let path): "the keyring \(path) is larger than \(KeyringFile.maxBytes) bytes"
    case .malformed(let path, let reason): "the keyring \(path) is malformed: \(reason)"
    case .missing(let purpose): "the keyring holds no key for \(purpose.rawValue)"
    case .invalidVersion(let purpose, let version):
      "the keyring's \(purpose.rawValue) version \(version) is not positive"
    case .duplicateVersion(let purpose, let version):
      "the keyring holds \(purpose.rawValue) version \(version) twice"
    case .wrongLength(let purpose, let version):
      "the keyring's \(purpose.rawValue) version \(version) is not \(MasterKey.length) bytes long"
    case .missingPrimary(let purpose, let version):
      "the keyring holds no \(purpose.rawValue) version \(version) that could be primary"
    }
  }
}
