import IntegrationClient
import ProtobufC

extension ListApiKeysResponse: Page {
  var rows: [ApiKey] { keys }
}

extension ApiKey: Presentable {
  var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = [
      ("key", keyId), ("tenant", tenantId), ("name", keyName),
      ("environment", Format.name(environment)), ("state", Format.name(state)),
      ("endpoints", Format.list(allowedEndpoints)), ("addresses", Format.list(allowedIpAddresses)),
      ("per minute", Format.limit(rateLimitPerMinute)),
      ("per hour", Format.limit(rateLimitPerHour)),
      ("requests", String(totalRequests)), ("last used", Format.time(lastUsedAt)),
      ("expires", expiresAt == nil ? "never" : Format.time(expiresAt)),
      ("created", Format.time(createdAt)), ("updated", Format.time(updatedAt)),
    ]
    if rotationFrequencyDays > 0 {
      fields.append(("rotate by", Format.time(rotationDueAt)))
    }
    if lastRotatedAt != nil { fields.append(("rotated", Format.time(lastRotatedAt))) }
    if revokedAt != nil { fields.append(("revoked", Format.time(revokedAt))) }
    if !notes.isEmpty { fields.append(("notes", notes)) }
    if hasApiSecret { fields.append(("signing", "yes")) }
    for secret in secrets {
      var line = "\(secret.prefix)…\(secret.lastFour), last used \(Format.time(secret.lastUsedAt))"
      if secret.expiresAt != nil { line += ", ends \(Format.time(secret.expiresAt))" }
      fields.append(("secret v\(secret.version)", line))
    }
    return fields
  }

  static func table(_ keys: [ApiKey]) -> Table {
    var table = Table("KEY", "NAME", "ENVIRONMENT", "STATE", "SECRET", "REQUESTS", "LAST USED")
    for key in keys {
      let secret = key.secrets.first.map { "\($0.prefix)…\($0.lastFour)" } ?? "-"
      table.add(
        key.keyId, key.keyName, Format.name(key.environment), Format.name(key.state), secret,
        String(key.totalRequests), Format.time(key.lastUsedAt))
    }
    return table
  }
}
