package import Crypto

/// What a key of the ring is for. The raw value is the one in the file and in the database.
package enum KeyPurpose: String, Sendable, Hashable, CaseIterable {
  /// Digests of tokens (``Pepper``).
  case pepper
  /// Encryption of what must be read again (``Keyring/seal(_:for:)``).
  case keyEncryption = "kek"
}

/// One 32-byte key of the ring.
package struct MasterKey: Sendable, Equatable {
  /// Bytes of a key.
  package static let length = 32

  package let purpose: KeyPurpose
  /// From 1; a greater one is newer.
  package let version: Int32
  let key: SymmetricKey

  package init(purpose: KeyPurpose, version: Int32, key: SymmetricKey) {
    self.purpose = purpose
    self.version = version
    self.key = key
  }

  /// A new key from the system's cryptographic random number generator.
  package static func generate(_ purpose: KeyPurpose, version: Int32) -> MasterKey {
    MasterKey(purpose: purpose, version: version, key: SymmetricKey(size: .bits256))
  }

  /// What tells this key from any other without revealing it.
  package var fingerprint: KeyFingerprint {
    let label = Array("integrationd keyring fingerprint \(purpose.rawValue) \(version)".utf8)
    let code = HMAC<SHA256>.authenticationCode(for: label, using: key)
    return KeyFingerprint(purpose: purpose, version: version, bytes: Array(code.prefix(16)))
  }
}

extension MasterKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "\(purpose.rawValue) \(version)" }
  package var customMirror: Mirror {
    Mirror(self, children: ["purpose": purpose, "version": version] as KeyValuePairs<String, Any>)
  }
}

/// What the database remembers of a key, to notice that a daemon was started with the wrong ring.
package struct KeyFingerprint: Sendable, Hashable {
  package let purpose: KeyPurpose
  package let version: Int32
  /// 16 bytes of HMAC-SHA-256, keyed with the key itself.
  package let bytes: [UInt8]

  /// The bytes in hexadecimal.
  package var text: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  package init(purpose: KeyPurpose, version: Int32, bytes: [UInt8]) {
    self.purpose = purpose
    self.version = version
    self.bytes = bytes
  }
}

/// The keys that protect what is stored, in versions. Of each purpose one is primary: it serves new
/// data. The others verify and open what was stored with them: older keys, and newer ones that every
/// daemon has to know before the first may store anything with them.
package struct Keyring: Sendable {
  /// The primary one first, then the newest. At least one.
  package let peppers: [Pepper]
  /// At least one.
  let encryptionKeys: [MasterKey]
  /// Of every key, newest first.
  package let fingerprints: [KeyFingerprint]
  /// Of the keys that new data is stored with, to record in the database.
  package let primaryFingerprints: [KeyFingerprint]

  /// The pepper for new digests.
  package let primaryPepper: Pepper
  let primaryEncryptionKey: MasterKey

  /// - Parameter primary: the primary version of each purpose; the newest of one that is not named.
  /// - Throws: ``KeyringError`` when a purpose has no key, a version is not positive or appears
  ///   twice, a key is not 32 bytes long, or a primary key is missing.
  package init(
    _ keys: [MasterKey], primary: [KeyPurpose: Int32] = [:]
  ) throws(KeyringError) {
    for key in keys {
      guard key.version > 0 else { throw .invalidVersion(key.purpose, key.version) }
      guard key.key.bitCount == MasterKey.length * 8 else {
        throw .wrongLength(key.purpose, key.version)
      }
      let twins = keys.count { $0.purpose == key.purpose && $0.version == key.version }
      guard twins == 1 else { throw .duplicateVersion(key.purpose, key.version) }
    }
    let newestFirst = keys.sorted { $0.version > $1.version }
    func primaryFirst(_ purpose: KeyPurpose) throws(KeyringError) -> [MasterKey] {
      let keys = newestFirst.filter { $0.purpose == purpose }
      guard !keys.isEmpty else { throw .missing(purpose) }
      guard let version = primary[purpose] else { return keys }
      guard keys.contains(where: { $0.version == version }) else {
        throw .missingPrimary(purpose, version)
      }
      return keys.filter { $0.version == version } + keys.filter { $0.version != version }
    }
    let peppers = try primaryFirst(.pepper)
    encryptionKeys = try primaryFirst(.keyEncryption)
    self.peppers = peppers.map { Pepper(version: $0.version, key: $0.key) }
    primaryPepper = self.peppers[0]
    primaryEncryptionKey = encryptionKeys[0]
    fingerprints = newestFirst.map(\.fingerprint)
    primaryFingerprints = [peppers[0].fingerprint, encryptionKeys[0].fingerprint]
  }

  /// A ring with one new key for each purpose.
  package static func generate() throws(KeyringError) -> Keyring {
    try Keyring(KeyPurpose.allCases.map { .generate($0, version: 1) })
  }

  /// The recorded keys that this ring lacks or has differently: data stored with them could not be
  /// verified or read. Empty when the ring fits the database.
  package func missing(among recorded: [KeyFingerprint]) -> [KeyFingerprint] {
    recorded.filter { !fingerprints.contains($0) }
  }
}
