internal import Crypto
internal import FoundationEssentials

/// One forward-only change of the schema: a name that orders it and a script.
package struct Migration: Sendable, Hashable {
  /// Unique, and sorts after the names of all earlier ones: `v0001_tenants`.
  package let name: String
  /// One or several statements; they run in one transaction, so none of them may be one that
  /// cannot (`create index concurrently`, `vacuum`), nor begin or end one.
  package let sql: String

  package init(name: String, sql: String) {
    self.name = name
    self.sql = sql
  }

  /// SHA-256 of the script, in hexadecimal: tells whether a migration was edited after it ran.
  package var checksum: String {
    SHA256.hash(data: Data(sql.utf8)).map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }
}
