/// How to reach the database, and how much of it to use.
package struct DatabaseConfiguration: Sendable {
  /// A server and who to be there.
  package struct Endpoint: Sendable {
    /// A libpq connection string or URI; several hosts are tried in order. What neither it nor libpq's
    /// environment variables say gets safe defaults: keepalives; `sslmode=verify-full` for hosts that are
    /// not this machine or not known, as those of a service file (its `sslmode` does not count);
    /// `target_session_attrs=read-write` for several hosts.
    package var conninfo: String
    /// The role to take on once logged in (`SET ROLE`); nil stays the one that logged in.
    package var role: String?

    package init(conninfo: String, role: String? = nil) {
      self.conninfo = conninfo
      self.role = role
    }
  }

  /// The application's role: under row level security.
  package var app: Endpoint
  /// The role of background work; nil refuses ``Scope/worker``.
  package var worker: Endpoint?
  /// What the server shows in `pg_stat_activity`.
  package var applicationName = "integrationd"

  /// Pipelined connections per loop and role for statements that read; the first stays open, others come with need.
  package var readConnections = 2
  /// Pipelined connections per loop and role for single statements that write.
  package var writeConnections = 1
  /// Most interactive transactions at one time, per loop and role.
  package var transactionConnections = 4
  /// Most statements that share one Sync, and so one implicit transaction.
  package var maxCallsPerSync = 64
  /// Longest that a ``Lookup`` waits for the answer to those before it, to be one statement with others that come
  /// meanwhile; less when there are ``maxCallsPerSync`` of them.
  package var gathering: Duration = .milliseconds(5)
  /// Most statements waiting to be sent, per loop, role and direction; more are refused as overloaded.
  package var maxQueuedCalls = 4096
  /// Most transactions waiting for a connection, per loop and role; more are refused as overloaded.
  package var maxQueuedTransactions = 1024

  /// Longest way from nothing to a ready session.
  package var connectTimeout: Duration = .seconds(5)
  /// How long calls wait for a lost database before they are refused at once.
  package var patience: Duration = .seconds(2)
  /// The server's bound on one statement (`statement_timeout`).
  package var statementTimeout: Duration = .seconds(10)
  /// The server's bound on one wait for a lock (`lock_timeout`).
  package var lockTimeout: Duration = .seconds(5)
  /// The server ends a session that sits in a transaction for longer.
  package var idleInTransactionTimeout: Duration = .seconds(15)
  /// How long a connection may stay silent with statements on their way before it is given up.
  package var stallTimeout: Duration = .seconds(20)
  /// Transaction connections nobody needed for so long are closed.
  package var idleTimeout: Duration = .seconds(60)
  /// How long ``Database/run()`` waits for the last calls when it ends.
  package var drainTimeout: Duration = .seconds(10)

  package init(app: Endpoint, worker: Endpoint? = nil) {
    self.app = app
    self.worker = worker
  }
}
