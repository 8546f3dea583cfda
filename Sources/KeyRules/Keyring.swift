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

  package init(purpose: KeyPurpose, version: Int32, bytes: [UInt8]) {
    self.purpose = purpose
    self.version = version
    self.bytes = bytes
  }
}

/// The keys that protect what is stored, in versions; the newest of each purpose serves new data,
/// older ones only what was stored with them.
package struct Keyring: Sendable {
  /// Newest first. At least one.
  package let peppers: [Pepper]
  /// Newest first. At least one.
  let encryptionKeys: [MasterKey]
  /// Of every key, to record in the database.
  package let fingerprints: [KeyFingerprint]

  /// The pepper for new digests.
  package let newestPepper: Pepper
  let newestEncryptionKey: MasterKey

  /// - Throws: ``KeyringError`` when a purpose has no key, a version is not positive or appears
  ///   twice, or a key is not 32 bytes long.
  package init(_ keys: [MasterKey]) throws(KeyringError) {
    for key in keys {
      guard key.version > 0 else { throw .invalidVersion(key.purpose, key.version) }
      guard key.key.bitCount == MasterKey.length * 8 else {
        throw .wrongLength(key.purpose, key.version)
      }
      let twins = keys.count { $0.purpose == key.purpose && $0.version == key.version }
      guard twins == 1 else { throw .duplicateVersion(key.purpose, key.version) }
    }
    let newestFirst = keys.sorted { $0.version > $1.version }
    peppers = newestFirst.filter { $0.purpose == .pepper }.map {
      Pepper(version: $0.version, key: $0.key)
    }
    encryptionKeys = newestFirst.filter { $0.purpose == .keyEncryption }
    guard let pepper = peppers.first else { throw .missing(.pepper) }
    guard let encryptionKey = encryptionKeys.first else { throw .missing(.keyEncryption) }
    newestPepper = pepper
    newestEncryptionKey = encryptionKey
    fingerprints = newestFirst.map(\.fingerprint)
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
