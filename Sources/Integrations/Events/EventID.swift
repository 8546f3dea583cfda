package import FoundationEssentials

/// Names an event within its tenant: also the `webhook-id` of the requests that tell it.
package struct EventID: Hashable, Sendable, CustomStringConvertible {
  package let uuid: UUID

  package init(_ uuid: UUID) { self.uuid = uuid }

  /// Lower case, as the contract writes ids.
  package var description: String { uuid.text }
}
