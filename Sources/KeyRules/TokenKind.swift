/// Where a key may be used (`integration.v1.Environment`). The raw value is the one stored.
package enum KeyEnvironment: String, Sendable, Hashable, CaseIterable {
  case production, staging, development
}

/// What a token of ours is, told by how it begins.
package enum TokenKind: Sendable, Hashable, CaseIterable {
  /// An API key.
  case apiKey(KeyEnvironment)
  /// A secret with which the holder of a key signs requests.
  case signingSecret

  package static let allCases: [TokenKind] =
    KeyEnvironment.allCases.map { .apiKey($0) } + [.signingSecret]

  /// How its tokens begin. No marker is the beginning of another.
  package var marker: String {
    switch self {
    case .apiKey(.production): "sk_live_"
    case .apiKey(.staging): "sk_stg_"
    case .apiKey(.development): "sk_dev_"
    case .signingSecret: "ss_"
    }
  }
}
