extension EmbeddedCluster {
  /// What a daemon may choose about its cluster.
  package struct Configuration: Sendable {
    /// The directory that holds everything the daemon keeps; made when missing.
    package var stateDirectory: String
    /// Where the server programs are looked for.
    package var programs: PostgresInstallation.Search
    /// Who runs the server.
    package var user: ClusterUser.Choice
    package var durability: Durability
    package var maxConnections: Int
    package var setUp = SetUp.complete
    /// How long the start may take: `initdb` on a slow disk, recovery after a crash.
    package var startLimit: Duration

    package init(
      stateDirectory: String, programs: PostgresInstallation.Search = .system(),
      user: ClusterUser.Choice = .automatic, durability: Durability = .durable,
      maxConnections: Int = 50, startLimit: Duration = .seconds(60)
    ) {
      self.stateDirectory = stateDirectory
      self.programs = programs
      self.user = user
      self.durability = durability
      self.maxConnections = maxConnections
      self.startLimit = startLimit
    }
  }

  /// What a start does about what is not there.
  package enum SetUp: Sendable {
    /// Makes it: the cluster, its configuration, roles and database.
    case complete
    /// Leaves it so: the cluster must be there, and is started as it is.
    case asFound
  }

  /// What a crash of the machine may cost. A crash of the server costs nothing either way.
  package enum Durability: Sendable {
    /// Nothing that was acknowledged.
    case durable
    /// Everything: for clusters that tests throw away.
    case volatile
  }

  package enum RestartMode: Sendable {
    /// Sessions are ended, everything is written.
    case fast
    /// As in a crash: the server recovers when it starts again.
    case immediate
  }
}
