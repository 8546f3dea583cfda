internal import IntegrationAPI
internal import KeyRules
internal import NetworkAddress
internal import ProtobufC

extension RequestCheck {
  /// Bytes, counted.
  mutating func size(_ count: Int, _ field: String, atMost bound: Int) {
    if count > bound { refuse(field, "must be at most \(bound) bytes long, not \(count)") }
  }

  /// A key's id.
  mutating func apiKey(_ text: String) -> APIKeyID { APIKeyID(uuid(text, "key_id")) }

  /// An environment; unspecified: production.
  mutating func environment(
    _ environment: Environment, _ field: String = "environment"
  ) -> KeyEnvironment {
    switch known(environment, field, [.unspecified, .production, .staging, .development]) {
    case .staging: .staging
    case .development: .development
    default: .production
    }
  }

  /// At most 100 patterns of at most 500 characters.
  mutating func endpoints(_ patterns: [String], _ field: String) -> [String] {
    guard few(patterns, field) else { return [] }
    for (index, pattern) in patterns.enumerated() {
      guard pattern.unicodeScalars.count <= 500 else {
        refuse("\(field)[\(index)]", "must be at most 500 characters long")
        continue
      }
      do throws(EndpointPatternError) {
        _ = try EndpointPattern(pattern)
      } catch {
        refuse("\(field)[\(index)]", "must be \(error)")
      }
    }
    return patterns
  }

  /// At most 100 addresses or blocks.
  mutating func addresses(_ blocks: [String], _ field: String) -> [String] {
    guard few(blocks, field) else { return [] }
    for (index, block) in blocks.enumerated() {
      do throws(CIDRError) {
        _ = try CIDRBlock(block)
      } catch {
        refuse("\(field)[\(index)]", "must be \(error)")
      }
    }
    return blocks
  }

  private mutating func few(_ list: [String], _ field: String) -> Bool {
    guard list.count > 100 else { return true }
    refuse(field, "must hold at most 100 entries, not \(list.count)")
    return false
  }

  /// A limit: 1 to 1,000,000,000; 0: `standard`; -1: none.
  mutating func limit(_ limit: Int32, _ field: String, standard: Int32) -> Int32 {
    if limit == 0 { return standard }
    if limit != -1, !(1...1_000_000_000).contains(limit) {
      refuse(field, "must be from 1 to 1000000000, 0 for \(standard), or -1 for no limit")
    }
    return limit
  }

  /// A moment in the years 1 to 9999. Nil: absent.
  mutating func time(_ timestamp: ProtoTimestamp?, _ field: String) -> UnixTime? {
    guard let timestamp else { return nil }
    let time = UnixTime(timestamp)
    if time == nil { refuse(field, "must be a timestamp of the years 1 to 9999") }
    return time
  }

  /// A moment in which something is to expire. That it lies in the future is for the change itself
  /// to check, by the database's clock: a repeat of a request that was answered before its expiry
  /// gets the same answer after it. It is named here when something else is wrong anyway.
  mutating func expiry(_ timestamp: ProtoTimestamp?, _ field: String, now: UnixTime) -> UnixTime? {
    let time = time(timestamp, field)
    if let time, time <= now, !violations.isEmpty { refuse(field, "must be in the future") }
    return time
  }

  /// A span of time from 0 to `bound`. Absent: 0.
  mutating func span(
    _ duration: ProtoDuration?, _ field: String, atMost bound: Duration, named name: String
  ) -> Duration {
    guard let duration else { return .zero }
    let isDuration =
      (0...999_999_999).contains(duration.nanos) && (0...315_576_000_000).contains(duration.seconds)
    guard isDuration else {
      refuse(field, "must be from 0 to \(name)")
      return .zero
    }
    let span = Duration.seconds(duration.seconds) + .nanoseconds(Int64(duration.nanos))
    if span > bound { refuse(field, "must be from 0 to \(name)") }
    return span
  }

  /// The settings of a new key.
  mutating func settings(_ request: CreateApiKeyRequest, now: UnixTime) -> APIKeySettings {
    APIKeySettings(
      keyName: line(request.keyName, "key_name", 1...200),
      environment: environment(request.environment),
      allowedEndpoints: endpoints(request.allowedEndpoints, "allowed_endpoints"),
      allowedIPAddresses: addresses(request.allowedIpAddresses, "allowed_ip_addresses"),
      rateLimitPerMinute: limit(
        request.rateLimitPerMinute, "rate_limit_per_minute", standard: 60),
      rateLimitPerHour: limit(request.rateLimitPerHour, "rate_limit_per_hour", standard: 1000),
      expiresAt: expiry(request.expiresAt, "expires_at", now: now),
      rotationFrequencyDays: number(
        request.rotationFrequencyDays, "rotation_frequency_days", 0...3650),
      notes: lines(request.notes, "notes", 0...2000))
  }

  /// What an update sets.
  mutating func change(_ request: UpdateApiKeyRequest, now: UnixTime) -> APIKeyChange {
    let key = request.key ?? ApiKey()
    var change = APIKeyChange()
    for (index, path) in paths(of: request.updateMask) {
      switch path {
      case "key_name": change.keyName = line(key.keyName, "key.key_name", 1...200)
      case "is_active": change.isActive = key.isActive
      case "allowed_endpoints":
        change.allowedEndpoints = endpoints(key.allowedEndpoints, "key.allowed_endpoints")
      case "allowed_ip_addresses":
        change.allowedIPAddresses = addresses(key.allowedIpAddresses, "key.allowed_ip_addresses")
      case "rate_limit_per_minute":
        change.rateLimitPerMinute = limit(
          key.rateLimitPerMinute, "key.rate_limit_per_minute", standard: 60)
      case "rate_limit_per_hour":
        change.rateLimitPerHour = limit(
          key.rateLimitPerHour, "key.rate_limit_per_hour", standard: 1000)
      case "expires_at":
        change.expiresAt = .some(expiry(key.expiresAt, "key.expires_at", now: now))
      case "rotation_frequency_days":
        change.rotationFrequencyDays = number(
          key.rotationFrequencyDays, "key.rotation_frequency_days", 0...3650)
      case "notes": change.notes = lines(key.notes, "key.notes", 0...2000)
      default:
        refuse("update_mask.paths[\(index)]", "is not a field that can be changed")
      }
    }
    return change
  }
}
