package import FoundationEssentials

/// Names a tenant.
package struct TenantID: Hashable, Sendable, CustomStringConvertible {
  package let uuid: UUID

  package init(_ uuid: UUID) { self.uuid = uuid }

  /// Reads the strict text form; nil for anything else.
  package init?(_ text: String) {
    guard let uuid = UUID(strict: text) else { return nil }
    self.uuid = uuid
  }

  /// The nil UUID: no tenant. Transactions of calls that belong to no tenant are scoped to it (see
  /// `v0002_tenants.sql`).
  package static let directory = TenantID(.nilUUID)

  /// Lower case, as the contract writes ids.
  package var description: String { uuid.text }
}
