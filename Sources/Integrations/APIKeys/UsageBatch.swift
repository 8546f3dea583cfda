package import FoundationEssentials

/// Whose verifications are counted together: those of one secret of a key.
package struct UsageSubject: Hashable, Sendable {
  package var tenant: TenantID
  package var key: APIKeyID
  package var secretVersion: Int32

  package init(tenant: TenantID, key: APIKeyID, secretVersion: Int32) {
    self.tenant = tenant
    self.key = key
    self.secretVersion = secretVersion
  }
}

/// How often one decision was made about one secret in one hour.
package struct UsageCounter: Hashable, Sendable {
  package var subject: UsageSubject
  /// Begin of the hour.
  package var hour: UnixTime
  /// Raw value of `VerificationCode`.
  package var code: Int32
}

/// What was counted since the last batch. Sent until it is known to be recorded; the database
/// records it once, by its epoch and sequence, however often it arrives.
package struct UsageBatch: Sendable {
  package struct Row: Sendable {
    package var counter: UsageCounter
    package var count: Int64
    /// When it last happened.
    package var lastAt: UnixTime
  }

  /// Random, one for each run of a daemon.
  package var epoch: UUID
  /// 1, 2, 3, ...
  package var sequence: Int64
  package var rows: [Row]
}
