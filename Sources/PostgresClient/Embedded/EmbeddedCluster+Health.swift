extension EmbeddedCluster {
  /// False from the moment its server is seen to have died until it has been started again.
  package var isServerRunning: Bool { !hasDied }
}
