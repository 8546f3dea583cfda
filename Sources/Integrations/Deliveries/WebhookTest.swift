/// What tests send.
package enum WebhookTest {
  /// The type of their events, which nobody else may publish.
  package static let eventType = "webhook.test"
}
