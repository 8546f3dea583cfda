import FoundationEssentials
import PostgresClient
import Reactor
import TestSupport
import Testing

@Suite("Finding PostgreSQL's programs")
struct InstallationTests {
  @Test("a system without them is told which package has them")
  func missing() async throws {
    let world = try await ClusterWorld(.nothing)
    let error = await #expect(throws: EmbeddedClusterError.self) {
      try await world.start(
        world.configuration(
          programs: .init(versionedRoots: ["/nowhere"], directories: ["/nowhere/bin"])))
    }
    #expect(error == .postgresNotFound(searched: ["/nowhere/*/bin", "/nowhere/bin"]))
    #expect("\(try #require(error))".contains("apt-get install postgresql"))
  }

  @Test("programs that are too old are not used")
  func tooOld() async throws {
    let world = try await ClusterWorld(.nothing)
    try await world.install(version: 14, says: nil)
    let error = await #expect(throws: EmbeddedClusterError.self) {
      try await world.start(world.configuration(programs: world.installed))
    }
    #expect(error == .postgresTooOld(found: 14, needed: 15))
    #expect("\(try #require(error))".contains("postgresql-15"))
  }

  @Test("a cluster of a version that is not installed is named, with what to do")
  func versionMismatch() async throws {
    let world = try await ClusterWorld()
    let file = world.root + "/data/PG_VERSION"
    try await world.shell("echo 14 > \(file)")
    let error = await #expect(throws: EmbeddedClusterError.self) { try await world.start() }
    guard case .versionMismatch(let cluster, let installed, let directory) = try #require(error)
    else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
    #expect(cluster == 14)
    #expect(!installed.contains(14) && !installed.isEmpty)
    #expect(directory == world.root + "/data")
    #expect("\(try #require(error))".contains("apt-get install postgresql-14"))
    #expect("\(try #require(error))".contains("pg_upgrade"))
  }

  @Test("the newest makes a new cluster, and the cluster's own runs an old one")
  func choice() async throws {
    let world = try await ClusterWorld(.nothing)
    try await world.install(version: 15, says: nil)
    try await world.install(version: 99, says: nil)
    let newest = try await PostgresInstallation.find(
      in: world.installed, forCluster: nil, dataDirectory: "", on: world.loop)
    #expect(newest.majorVersion == 99)
    let same = try await PostgresInstallation.find(
      in: world.installed, forCluster: 15, dataDirectory: "", on: world.loop)
    #expect(same.majorVersion == 15)
  }

  @Test("outside Debian's places the program itself is asked for its version")
  func asked() async throws {
    let world = try await ClusterWorld(.nothing)
    try await world.install(version: 1, says: "postgres (PostgreSQL) 17rc1", in: "elsewhere")
    try await world.install(version: 2, says: "something else", in: "wrong")
    try await world.install(version: 3, says: nil, in: "broken")
    let found = try await PostgresInstallation.find(
      in: .init(
        versionedRoots: [],
        directories: ["wrong", "broken", "elsewhere", "nowhere"].map {
          world.directory.path + "/" + $0
        }), forCluster: nil, dataDirectory: "", on: world.loop)
    #expect(found.majorVersion == 17)
  }

  @Test("programs without initdb, or links to them, are seen for what they are")
  func links() async throws {
    let world = try await ClusterWorld(.nothing)
    try await world.install(version: 15, says: nil)
    let path = world.directory.path
    try await world.shell(
      """
      cd \(path) && mkdir links clients
      ln -s ../postgresql/15/bin/postgres links/postgres
      cp postgresql/15/bin/postgres clients/
      """)
    let found = try await PostgresInstallation.find(
      in: .init(versionedRoots: [], directories: [path + "/clients", path + "/links"]),
      forCluster: nil, dataDirectory: "", on: world.loop)
    #expect(found.postgres == path + "/postgresql/15/bin/postgres")
  }
}

extension ClusterWorld {
  fileprivate var installed: PostgresInstallation.Search {
    .init(versionedRoots: [directory.path + "/postgresql"], directories: [])
  }

  /// Puts scripts where the programs of a version would be; `--version` answers with `says`, or
  /// fails.
  fileprivate func install(version: Int, says: String?, in place: String? = nil) async throws {
    let bin = directory.path + "/" + (place ?? "postgresql/\(version)/bin")
    try await shell(
      """
      mkdir -p \(bin) && cd \(bin)
      printf '#!/bin/sh\\n%s\\n' '\(says.map { "echo \"\($0)\"" } ?? "exit 1")' > postgres
      printf '#!/bin/sh\\nexit 1\\n' > initdb
      chmod a+rx postgres initdb
      """)
  }
}
