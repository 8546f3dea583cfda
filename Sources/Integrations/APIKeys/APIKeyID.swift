package import FoundationEssentials

/// Names an API key within its tenant. Rotation keeps it.
package struct APIKeyID: Hashable, Sendable, CustomStringConvertible {
  package let uuid: UUID

  package init(_ uuid: UUID) { self.uuid = uuid }

  /// Lower case, as the contract writes ids.
  package var description: String { uuid.text }
}
