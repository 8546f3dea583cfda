import Crypto
import FoundationEssentials
import KeyRules
import Testing

@Suite struct KeyringTests {
  /// A directory of the test's own.
  struct World: ~Copyable {
    let directory: String
    var path: String { "\(directory)/keyring.json" }
    /// Whoever owns what this process makes.
    let user: UInt32

    init() throws {
      directory = "\(FileManager.default.temporaryDirectory.path)/keyring-\(UUID().uuidString)"
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      let owner = try FileManager.default.attributesOfItem(atPath: directory)[.ownerAccountID]
      user = UInt32(truncatingIfNeeded: KeyringTests.number(owner))
    }

    func write(_ text: String, mode: Int = 0o600) throws {
      try Data(text.utf8).write(to: URL(filePath: path))
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }
  }

  static func number(_ attribute: Any?) -> Int {
    if let value = attribute as? any BinaryInteger { return Int(truncatingIfNeeded: value) }
    return attribute as? Int ?? -1
  }

  private static let key = Data(repeating: 7, count: 32).base64EncodedString()

  private func entry(_ purpose: String, _ version: Int, _ key: String = KeyringTests.key) -> String
  {
    #"{"purpose": "\#(purpose)", "version": \#(version), "key": "\#(key)"}"#
  }

  private func master(_ purpose: KeyPurpose, _ version: Int32, _ byte: UInt8) -> MasterKey {
    MasterKey(
      purpose: purpose, version: version,
      key: SymmetricKey(data: Array(repeating: byte, count: 32)))
  }

  @Test("a missing ring is an error")
  func missingFile() throws {
    let world = try World()
    #expect(throws: KeyringError.notFound(path: world.path)) {
      try KeyringFile.load(path: world.path, user: world.user)
    }
  }

  @Test("a file open to others is refused", arguments: [0o604, 0o640, 0o660, 0o777, 0o601])
  func mode(mode: Int) throws {
    let world = try World()
    try world.write("{}", mode: mode)
    #expect(throws: KeyringError.permissionsTooOpen(path: world.path, mode: UInt16(mode))) {
      try KeyringFile.load(path: world.path, user: world.user)
    }
  }

  @Test("a symbolic link and a directory are refused")
  func notAFile() throws {
    let world = try World()
    let link = "\(world.directory)/link"
    try world.write("{}")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: world.path)
    for path in [link, world.directory] {
      #expect(throws: KeyringError.notRegularFile(path: path)) {
        try KeyringFile.load(path: path, user: world.user)
      }
    }
  }

  @Test("a file of another user is refused, unless that is root")
  func owner() throws {
    let world = try World()
    try world.write("{}")
    let stranger = world.user + 1
    let error = #expect(throws: KeyringError.self) {
      try KeyringFile.load(path: world.path, user: stranger)
    }
    if world.user != 0 {
      #expect(error == .foreignOwner(path: world.path, owner: world.user))
    } else {
      guard case .malformed = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      try FileManager.default.setAttributes([.ownerAccountID: 4242], ofItemAtPath: world.path)
      #expect(throws: KeyringError.foreignOwner(path: world.path, owner: 4242)) {
        try KeyringFile.load(path: world.path, user: 0)
      }
    }
  }

  @Test("an oversized file is not read")
  func size() throws {
    let world = try World()
    try world.write(String(repeating: " ", count: KeyringFile.maxBytes + 1))
    #expect(throws: KeyringError.tooLarge(path: world.path)) {
      try KeyringFile.load(path: world.path, user: world.user)
    }
  }

  @Test(
    "a file that is no keyring is refused without quoting it",
    arguments: [
      "", "null", "[]", "{}", "canary", #"{"format": 1}"#, #"{"format": 2, "keys": []}"#,
      #"{"format": 1, "keys": [{"purpose": "canary", "version": 1, "key": ""}]}"#,
      #"{"format": 1, "keys": [{"purpose": "pepper", "version": 1, "key": "can%ary"}]}"#,
      #"{"format": 1, "keys": [{"purpose": "pepper", "version": 99999999999, "key": "canary"}]}"#,
      #"{"format": 1, "keys": [], "primary": {"canary": 1}}"#,
    ])
  func malformed(text: String) throws {
    let world = try World()
    try world.write(text)
    let error = #expect(throws: KeyringError.self) {
      try KeyringFile.load(path: world.path, user: world.user)
    }
    guard case .malformed = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error.map { !"\($0)".contains("can") } == true)
  }

  @Test("truncations and random changes of a ring are refused or read, never fatal")
  func fuzz() throws {
    let world = try World()
    var generator = SeededGenerator(state: 23)
    let text = Array(
      #"{"format": 1, "keys": [\#(entry("pepper", 1)), \#(entry("kek", 1))]}"#.utf8)
    for round in 0..<400 {
      var changed = text
      if round < text.count { changed.removeLast(round) }
      for _ in 0..<Int.random(in: 0...3, using: &generator) where !changed.isEmpty {
        let index = Int.random(in: 0..<changed.count, using: &generator)
        changed[index] = UInt8.random(in: .min ... .max, using: &generator)
      }
      try Data(changed).write(to: URL(filePath: world.path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: world.path)
      do {
        let ring = try KeyringFile.load(path: world.path, user: world.user)
        #expect(ring.peppers.count == 1)
      } catch {
        #expect(!error.description.isEmpty)
      }
    }
  }

  @Test("a ring needs a key for each purpose, of 32 bytes, in distinct positive versions")
  func rules() throws {
    let world = try World()
    let cases: [(String, KeyringError)] = [
      (entry("pepper", 1), .missing(.keyEncryption)),
      (entry("kek", 1), .missing(.pepper)),
      ("\(entry("pepper", 1)), \(entry("pepper", 1))", .duplicateVersion(.pepper, 1)),
      (entry("pepper", 0), .invalidVersion(.pepper, 0)),
      (entry("kek", -3), .invalidVersion(.keyEncryption, -3)),
      (entry("pepper", 1, "AAAA"), .wrongLength(.pepper, 1)),
    ]
    try world.write(
      #"{"format": 1, "keys": [\#(entry("pepper", 1)), \#(entry("kek", 1))], "primary": {"kek": 2}}"#
    )
    #expect(throws: KeyringError.missingPrimary(.keyEncryption, 2)) {
      try KeyringFile.load(path: world.path, user: world.user)
    }
    for (keys, expected) in cases {
      try world.write(#"{"format": 1, "keys": [\#(keys)]}"#)
      #expect(throws: expected) { try KeyringFile.load(path: world.path, user: world.user) }
      #expect(!"\(expected)".isEmpty)
    }
    #expect(throws: KeyringError.wrongLength(.pepper, 1)) {
      try Keyring([
        MasterKey(purpose: .pepper, version: 1, key: SymmetricKey(size: .bits128)),
        master(.keyEncryption, 1, 1),
      ])
    }
  }

  @Test("the newest pepper serves new digests, and the older ones are known")
  func versions() throws {
    let ring = try Keyring([
      master(.pepper, 2, 2), master(.keyEncryption, 1, 1), master(.pepper, 10, 10),
      master(.pepper, 1, 1),
    ])
    #expect(ring.primaryPepper.version == 10)
    #expect(ring.peppers.map(\.version) == [10, 2, 1])
    let token = Token.generate(.apiKey(.production)).secret
    let digests = Set(ring.peppers.map { $0.digest(of: token) })
    #expect(digests.count == 3)
    #expect(digests.allSatisfy { $0.count == Pepper.digestLength })
  }

  @Test("a key that is not primary serves nothing new, and reads what was stored with it")
  func notYetPrimary() throws {
    let keys = [
      master(.pepper, 1, 1), master(.pepper, 2, 2), master(.keyEncryption, 1, 3),
      master(.keyEncryption, 2, 4),
    ]
    let first = try Keyring(keys, primary: [.pepper: 1, .keyEncryption: 1])
    let second = try Keyring(keys)
    #expect(first.primaryPepper.version == 1 && second.primaryPepper.version == 2)
    #expect(first.peppers.map(\.version) == [1, 2])
    #expect(first.primaryFingerprints.map(\.version) == [1, 1])
    #expect(first.fingerprints == second.fingerprints)
    let context = EnvelopeContext(tenant: "t", table: "a", column: "b", row: "c")
    let oldest = try Keyring([keys[0], keys[2]])
    let sealed = try first.seal([1, 2, 3].span, for: context)
    for ring in [oldest, first, second] {
      #expect(try ring.open(sealed, for: context).count == 3)
    }
    let later = try second.seal([1, 2, 3].span, for: context)
    #expect(try first.open(later, for: context).count == 3)
    #expect(throws: EnvelopeError.unknownKey(version: 2)) {
      try oldest.open(later, for: context)
    }
  }

  @Test("a digest is HMAC-SHA-256 of the whole token, keyed with the pepper")
  func digest() throws {
    let key = SymmetricKey(data: Array(repeating: UInt8(9), count: 32))
    let ring = try Keyring([
      MasterKey(purpose: .pepper, version: 1, key: key), master(.keyEncryption, 1, 1),
    ])
    let token = Array("sk_live_x".utf8)
    let expected = HMAC<SHA256>.authenticationCode(for: token, using: key)
    #expect(ring.primaryPepper.digest(of: token.span) == Array(expected))
  }

  @Test("a ring that lacks a recorded key, or has another in its place, is noticed")
  func fingerprints() throws {
    let old = try Keyring([master(.pepper, 1, 1), master(.keyEncryption, 1, 2)])
    let grown = try Keyring([
      master(.pepper, 1, 1), master(.pepper, 2, 3), master(.keyEncryption, 1, 2),
    ])
    let other = try Keyring([master(.pepper, 1, 4), master(.keyEncryption, 1, 2)])
    #expect(old.missing(among: old.fingerprints).isEmpty)
    #expect(grown.missing(among: old.fingerprints).isEmpty)
    #expect(old.missing(among: grown.fingerprints).map(\.version) == [2])
    #expect(other.missing(among: old.fingerprints).map(\.purpose) == [.pepper])
    #expect(Set(grown.fingerprints).count == 3)
  }

  @Test("keys do not show themselves")
  func redaction() throws {
    let key = master(.pepper, 3, 211)
    let ring = try Keyring([key, master(.keyEncryption, 1, 211)])
    var shown = "\(key) \(ring.primaryPepper)"
    dump(key, to: &shown)
    dump(ring, to: &shown)
    #expect(!shown.contains("211, 211") && !shown.contains("d3d3"))
    #expect(shown.contains("pepper 3"))
    #expect(try Keyring.generate().fingerprints != Keyring.generate().fingerprints)
  }

  @Test("every error says in a sentence what is wrong")
  func descriptions() {
    let errors: [KeyringError] = [
      .notFound(path: "p"), .alreadyExists(path: "p"), .unreadable(path: "p", reason: "r"),
      .unwritable(path: "p", reason: "r"), .notRegularFile(path: "p"),
      .permissionsTooOpen(path: "p", mode: 0o644), .foreignOwner(path: "p", owner: 3),
      .tooLarge(path: "p"), .malformed(path: "p", reason: "r"), .missingPrimary(.pepper, 2),
    ]
    #expect(errors.allSatisfy { "\($0)".contains("p") })
    #expect("\(errors[5])".contains("0644"))
  }
}
