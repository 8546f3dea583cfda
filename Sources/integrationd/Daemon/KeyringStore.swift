internal import Glibc
internal import KeyRules
internal import PostgresClient
internal import Reactor

/// The keyring's file, read and written. A key is on the disk before anything is stored with it: one
/// that a power cut took would leave nothing but its fingerprint in the database.
struct KeyringStore {
  let path: String

  func load() throws(KeyringError) -> Keyring {
    try KeyringFile.load(path: path, user: Accounts.effectiveUserID)
  }

  /// Makes a ring where there is none.
  /// - Throws: ``KeyringError`` `alreadyExists`, `unwritable`.
  func create() throws(KeyringError) {
    try write(KeyringDocument(), precedent: .stays)
  }

  /// Reads a ring, or makes one when there is none. When two daemons do this at once, both end with
  /// the same ring.
  func loadOrCreate() throws(KeyringError) -> Keyring {
    do throws(KeyringError) {
      return try load()
    } catch .notFound {
      do throws(KeyringError) {
        try create()
      } catch .alreadyExists {
        // Another daemon was faster: its ring is as good.
      }
      return try load()
    }
  }

  /// Changes the ring that is there.
  func change<Result>(
    _ body: (inout KeyringDocument) throws(KeyringError) -> Result
  ) throws(KeyringError) -> Result {
    var document = try KeyringFile.read(path: path, user: Accounts.effectiveUserID)
    let result = try body(&document)
    // What cannot be read again is not written.
    _ = try document.keyring()
    try write(document, precedent: .isReplaced)
    return result
  }

  private func write(
    _ document: KeyringDocument, precedent: DurableFile.Precedent
  ) throws(KeyringError) {
    let bytes: [UInt8]
    do {
      bytes = try document.json()
    } catch {
      throw .unwritable(path: path, reason: "it cannot be written as JSON")
    }
    guard bytes.count <= KeyringFile.maxBytes else { throw .tooLarge(path: path) }
    do throws(SystemError) {
      try DurableFile.write(bytes, to: path, precedent: precedent)
    } catch {
      if precedent == .stays, error.errno == EEXIST { throw .alreadyExists(path: path) }
      throw .unwritable(path: path, reason: error.description)
    }
  }
}
