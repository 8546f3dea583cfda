package import FoundationEssentials

/// Names a webhook within its tenant.
package struct WebhookID: Hashable, Sendable, CustomStringConvertible {
  package let uuid: UUID

  package init(_ uuid: UUID) { self.uuid = uuid }

  /// Lower case, as the contract writes ids.
  package var description: String { uuid.text }
}

/// Names a webhook among those of all tenants: what is owed to it waits in a lane of its own.
package struct WebhookLane: Hashable, Sendable, CustomStringConvertible {
  package let tenant: TenantID
  package let webhook: WebhookID

  package init(tenant: TenantID, webhook: WebhookID) {
    self.tenant = tenant
    self.webhook = webhook
  }

  package var description: String { "\(tenant)/\(webhook)" }
}
