import FoundationEssentials
import KeyRules
import Testing

@Suite("The content of a keyring file")
struct KeyringDocumentTests {
  /// As files were before a key could be primary.
  private static let old = """
    {"format": 1, "keys": [
      {"purpose": "pepper", "version": 1, "key": "\(key)"},
      {"purpose": "pepper", "version": 3, "key": "\(key)"},
      {"purpose": "kek", "version": 1, "key": "\(key)"}
    ]}
    """
  private static let key = Data(repeating: 7, count: 32).base64EncodedString()

  private func read(_ text: String) throws -> KeyringDocument {
    try KeyringDocument(json: Data(text.utf8), path: "p")
  }

  private func again(_ document: KeyringDocument) throws -> KeyringDocument {
    try KeyringDocument(json: Data(try document.json()), path: "p")
  }

  @Test("a new ring has a key for each purpose, which is primary, and no two are alike")
  func fresh() throws {
    let ring = try again(KeyringDocument()).keyring()
    #expect(ring.fingerprints.count == KeyPurpose.allCases.count)
    #expect(Set(ring.primaryFingerprints) == Set(ring.fingerprints))
    #expect(try KeyringDocument().keyring().fingerprints != ring.fingerprints)
  }

  @Test("where nothing is said the newest key is primary, and stays so when another is added")
  func add() throws {
    var document = try read(Self.old)
    let before = try document.keyring()
    #expect(before.primaryPepper.version == 3)
    #expect(try document.add(.pepper) == 4)
    #expect(try document.add(.pepper) == 5)
    #expect(try document.add(.keyEncryption) == 2)
    let after = try again(document).keyring()
    #expect(after.peppers.map(\.version) == [3, 5, 4, 1])
    #expect(after.primaryFingerprints == before.primaryFingerprints)
    #expect(Set(before.fingerprints).isSubset(of: after.fingerprints))
    #expect(Set(after.fingerprints.map(\.text)).count == 6)
  }

  @Test("any key that is there can be made primary, and no other")
  func promote() throws {
    var document = try read(Self.old)
    _ = try document.add(.pepper)
    try document.promote(.pepper, version: 4)
    #expect(try again(document).keyring().primaryPepper.version == 4)
    try document.promote(.pepper, version: 1)
    #expect(try again(document).keyring().primaryPepper.version == 1)
    #expect(throws: KeyringError.missingPrimary(.pepper, 2)) {
      try document.promote(.pepper, version: 2)
    }
    #expect(throws: KeyringError.missingPrimary(.keyEncryption, 3)) {
      try document.promote(.keyEncryption, version: 3)
    }
  }

  @Test("a purpose without a key, or with the last version there is, gets no other")
  func cannotAdd() throws {
    var empty = try read(#"{"format": 1, "keys": []}"#)
    #expect(throws: KeyringError.missing(.pepper)) { try empty.add(.pepper) }
    var full = try read(
      #"{"format": 1, "keys": [{"purpose": "kek", "version": \#(Int32.max), "key": ""}]}"#)
    #expect(throws: KeyringError.invalidVersion(.keyEncryption, .min)) {
      try full.add(.keyEncryption)
    }
  }

  @Test("it does not show its keys")
  func redaction() throws {
    let document = try read(Self.old)
    var shown = "\(document)\(String(reflecting: document))"
    dump(document, to: &shown)
    #expect(!shown.contains(Self.key))
  }
}
