private import Crypto
private import FoundationEssentials

/// Where an encrypted value belongs. It opens nowhere else: not in another row, column, table or
/// tenant, and not in place of a later revision of its own.
package struct EnvelopeContext: Sendable, Hashable {
  package var tenant: String
  package var table: String
  package var column: String
  package var row: String
  package var revision: Int64

  /// - Parameters:
  ///   - tenant: its id in lower case; empty for what belongs to none.
  ///   - row: the row's key below the tenant.
  ///   - revision: what changes whenever the value does; 0 for a value that never changes.
  package init(tenant: String, table: String, column: String, row: String, revision: Int64 = 0) {
    self.tenant = tenant
    self.table = table
    self.column = column
    self.row = row
    self.revision = revision
  }
}

/// Why an envelope was not opened.
package enum EnvelopeError: Error, Sendable, Equatable {
  /// Not an envelope, or of a format this daemon does not know.
  case malformed
  /// Sealed with a key that the ring does not hold.
  case unknownKey(version: Int32)
  /// Changed, moved to another place, or sealed with another key.
  case refused
  /// The cipher itself failed.
  case cipher
}

/// Layout of an envelope, format 1:
///
///     1  format = 1
///     4  version of the key-encryption key, big-endian
///     16 salt
///     32 commitment
///     12 nonce, n ciphertext, 16 tag: AES-256-GCM
///
/// Each envelope has its own data key, HKDF-SHA-256(key-encryption key, salt), so no key ever comes
/// near the number of messages GCM allows with random nonces. GCM does not commit to its key; the
/// commitment, HMAC-SHA-256(data key, fixed label), does. The associated data binds everything in
/// front of the nonce and the ``EnvelopeContext``, each field preceded by its length.
extension Keyring {
  /// Bytes an envelope has beyond its plaintext.
  package static let envelopeOverhead = headerLength + 12 + 16
  private static let headerLength = 1 + 4 + saltLength + commitmentLength
  private static let saltLength = 16
  private static let commitmentLength = 32

  /// Encrypts with the primary key.
  /// - Throws: ``EnvelopeError`` `cipher`.
  package func seal(
    _ plaintext: Span<UInt8>, for context: EnvelopeContext
  ) throws(EnvelopeError) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    let salt = (0..<Self.saltLength).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    let dataKey = Self.dataKey(of: primaryEncryptionKey, salt: salt)
    var envelope: [UInt8] = [1]
    envelope.append(bigEndian: primaryEncryptionKey.version)
    envelope += salt
    envelope += Self.commitment(of: dataKey)
    var clear = copy(plaintext)
    defer { wipe(&clear) }
    let box: AES.GCM.SealedBox
    do {
      box = try AES.GCM.seal(
        clear, using: dataKey,
        authenticating: Self.associatedData(header: envelope[...], context: context))
    } catch {
      throw .cipher
    }
    envelope += box.nonce
    envelope += box.ciphertext
    envelope += box.tag
    return envelope
  }

  /// Decrypts what ``seal(_:for:)`` made for the same place.
  package func open(
    _ envelope: [UInt8], for context: EnvelopeContext
  ) throws(EnvelopeError) -> Secret {
    guard let version = Self.encryptionKeyVersion(of: envelope) else { throw .malformed }
    guard let key = encryptionKeys.first(where: { $0.version == version }) else {
      throw .unknownKey(version: version)
    }
    let dataKey = Self.dataKey(of: key, salt: Array(envelope[5..<5 + Self.saltLength]))
    let commitment = Array(envelope[5 + Self.saltLength..<Self.headerLength])
    guard constantTimeEquals(commitment, Self.commitment(of: dataKey)) else { throw .refused }
    var clear: Data
    do {
      clear = try AES.GCM.open(
        AES.GCM.SealedBox(combined: envelope[Self.headerLength...]), using: dataKey,
        authenticating: Self.associatedData(
          header: envelope[..<Self.headerLength], context: context))
    } catch {
      throw .refused
    }
    defer { clear.resetBytes(in: clear.startIndex..<clear.endIndex) }
    return Secret(copying: clear.span)
  }

  /// The version of the key-encryption key that an envelope was sealed with. Nil when the bytes are no
  /// envelope of a format this daemon knows; they may still not open.
  package static func encryptionKeyVersion(of envelope: [UInt8]) -> Int32? {
    guard envelope.count >= envelopeOverhead, envelope[0] == 1 else { return nil }
    return envelope[1..<5].reduce(Int32(0)) { $0 << 8 | Int32($1) }
  }

  /// The version of the key that ``seal(_:for:)`` uses.
  package var primaryEncryptionKeyVersion: Int32 { primaryEncryptionKey.version }

  private static func dataKey(of key: MasterKey, salt: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: key.key, salt: salt, info: Array("integrationd envelope 1 key".utf8),
      outputByteCount: 32)
  }

  private static func commitment(of dataKey: SymmetricKey) -> [UInt8] {
    let label = Array("integrationd envelope 1 commitment".utf8)
    return Array(HMAC<SHA256>.authenticationCode(for: label, using: dataKey))
  }

  private static func associatedData(
    header: ArraySlice<UInt8>, context: EnvelopeContext
  ) -> [UInt8] {
    var data: [UInt8] = []
    data.append(field: header)
    for text in [context.tenant, context.table, context.column, context.row] {
      data.append(field: Array(text.utf8)[...])
    }
    var revision: [UInt8] = []
    revision.append(bigEndian: context.revision)
    data.append(field: revision[...])
    return data
  }
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian number: some FixedWidthInteger) {
    for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  fileprivate mutating func append(field: ArraySlice<UInt8>) {
    append(bigEndian: UInt64(field.count))
    append(contentsOf: field)
  }
}
