package import KeyRules
package import Logging
package import PostgresClient

/// What every service stands on.
package struct ServiceEnvironment: Sendable {
  package let database: Database
  package let keyring: Keyring
  package let access: AccessControl
  package let idempotency: Idempotency
  package let pageTokens: PageTokens
  package let logger: Logger

  package init(
    database: Database, keyring: Keyring, access: AccessControl, logger: Logger
  ) {
    self.database = database
    self.keyring = keyring
    self.access = access
    self.idempotency = Idempotency(database: database, keyring: keyring, access: access)
    self.pageTokens = PageTokens(keyring)
    self.logger = logger
  }
}
