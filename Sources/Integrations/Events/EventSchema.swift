/// What the schema of events declares about itself for the security check at start.
package enum EventSchema {
  /// A service publishes in a transaction of its own, with a login that may do nothing else here.
  package static let definerFunctions: Set<String> = [
    "integrationd.publish_event(tenant_id uuid, event_type text, event_data text, "
      + "idempotency_key text)"
  ]
}
