import FoundationEssentials
import KeyRules
import Testing

@testable import integrationd

@Suite("The file of a keyring")
struct KeyringStoreTests {
  private static func inWorld(
    _ body: (DaemonHome, KeyringStore) async throws -> Void
  ) async throws {
    let home = try await DaemonHome()
    try FileManager.default.createDirectory(
      atPath: home.path + "/k", withIntermediateDirectories: false)
    try await body(home, KeyringStore(path: home.path + "/k/keyring.json"))
  }

  /// What lies in the directory of the ring.
  private static func entries(_ home: DaemonHome) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: home.path + "/k")
  }

  private static func mode(_ store: KeyringStore) throws -> Int {
    let mode = try FileManager.default.attributesOfItem(atPath: store.path)[.posixPermissions]
    return (mode as? any BinaryInteger).map { Int($0) } ?? (mode as? Int) ?? -1
  }

  @Test("is made once, closed to others, and found again")
  func firstRun() async throws {
    try await Self.inWorld { home, store in
      let made = try store.loadOrCreate()
      #expect(try Self.mode(store) == 0o600)
      #expect(try store.loadOrCreate().fingerprints == made.fingerprints)
      #expect(try Self.entries(home) == ["keyring.json"])
    }
  }

  @Test("is one when daemons start at once")
  func race() async throws {
    try await Self.inWorld { home, store in
      let rings = try await withThrowingTaskGroup(of: [KeyFingerprint].self) { group in
        for _ in 0..<16 { group.addTask { try store.loadOrCreate().fingerprints } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(rings.count == 1)
      #expect(try Self.entries(home) == ["keyring.json"])
    }
  }

  @Test("is never replaced by a new ring")
  func noReplacement() async throws {
    try await Self.inWorld { home, store in
      try home.write("{}", to: "k/keyring.json")
      #expect(throws: KeyringError.alreadyExists(path: store.path)) { try store.create() }
      #expect(home.text("k/keyring.json") == "{}")
      #expect(try Self.entries(home) == ["keyring.json"])
    }
  }

  @Test("is changed as a whole, or not at all")
  func change() async throws {
    try await Self.inWorld { home, store in
      try store.create()
      let version = try store.change { document throws(KeyringError) in
        try document.add(.pepper)
      }
      #expect(version == 2)
      #expect(try store.load().fingerprints.count == 3)
      #expect(try Self.mode(store) == 0o600)
      let before = home.text("k/keyring.json")
      #expect(throws: KeyringError.missingPrimary(.pepper, 9)) {
        try store.change { document throws(KeyringError) in
          _ = try document.add(.pepper)
          try document.promote(.pepper, version: 9)
        }
      }
      #expect(home.text("k/keyring.json") == before)
      #expect(try Self.entries(home) == ["keyring.json"])
    }
  }

  @Test("does not outgrow what is read")
  func size() async throws {
    try await Self.inWorld { home, store in
      try store.create()
      #expect(throws: KeyringError.tooLarge(path: store.path)) {
        try store.change { document throws(KeyringError) in
          for _ in 0..<1000 { _ = try document.add(.pepper) }
        }
      }
      #expect(try store.load().fingerprints.count == 2)
    }
  }

  @Test("cannot be where there is no directory")
  func noDirectory() async throws {
    let home = try await DaemonHome()
    let error = #expect(throws: KeyringError.self) {
      try KeyringStore(path: home.path + "/missing/keyring.json").loadOrCreate()
    }
    guard case .unwritable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
