package import FoundationEssentials

/// Names a delivery within its tenant.
package struct DeliveryID: Hashable, Sendable, CustomStringConvertible {
  package let uuid: UUID

  package init(_ uuid: UUID) { self.uuid = uuid }

  /// Lower case, as the contract writes ids.
  package var description: String { uuid.text }
}
