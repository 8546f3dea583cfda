/// What the schema of API keys declares about itself for the security check at start.
package enum APIKeySchema {
  /// A digest is looked up before anybody knows whose it is, and is unique over all tenants: it is
  /// the keyed hash of 256 random bits, so that one is taken tells nobody anything.
  package static let uniqueExceptions: Set<String> = ["api_key_secrets_by_digest"]

  /// Verification crosses tenants, so it has functions with their owner's rights: one answers for an
  /// exact digest, one charges keys that were found so.
  package static let definerFunctions: Set<String> = [
    "integrationd.find_api_key(digests bytea[])",
    "integrationd.charge_api_keys(of_tenants uuid[], of_keys uuid[], firsts bigint[], "
      + "lasts bigint[], costs bigint[], decide_at timestamp with time zone)",
  ]
}
