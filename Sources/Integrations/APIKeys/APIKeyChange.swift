/// What an update sets; nil leaves it.
struct APIKeyChange: Hashable, Sendable {
  var keyName: String?
  var isActive: Bool?
  var allowedEndpoints: [String]?
  var allowedIPAddresses: [String]?
  var rateLimitPerMinute: Int32?
  var rateLimitPerHour: Int32?
  /// Set to nil: it never expires again.
  var expiresAt: UnixTime??
  var rotationFrequencyDays: Int32?
  var notes: String?
}
