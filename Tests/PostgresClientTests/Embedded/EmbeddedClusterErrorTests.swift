import PostgresClient
import Reactor
import Testing

@Suite("Errors of the embedded cluster")
struct EmbeddedClusterErrorTests {
  @Test(
    "say what to do",
    arguments: [
      (.postgresNotFound(searched: ["/a", "/b"]), ["/a, /b", "apt-get install postgresql"]),
      (.postgresTooOld(found: 13, needed: 15), ["13", "apt-get install postgresql-15"]),
      (
        .versionMismatch(cluster: 15, installed: [16, 17], dataDirectory: "/d"),
        ["/d", "16, 17", "apt-get install postgresql-15", "/usr/lib/postgresql/17/bin/pg_upgrade"]
      ),
      (.stateDirectoryInUse("/s"), ["/s", "--state-dir"]),
      (.noUnprivilegedUser(tried: ["postgres"]), ["useradd --system"]),
      (.namelessUser(id: 1234), ["1234", "/etc/passwd"]),
      (.notTraversable(directory: "/root", user: "postgres"), ["chmod o+x /root"]),
      (.unexpectedFile(path: "/p", reason: "is odd"), ["/p is odd"]),
      (.socketPathTooLong(path: "/p", limitBytes: 107), ["107", "--state-dir"]),
      (.programFailed(program: "/initdb", output: "no space"), ["/initdb", "no space"]),
      (.startFailed(logTail: "the log"), ["the log"]),
      (.notReady(after: .seconds(2), reason: "slow", logTail: "the log"), ["slow", "the log"]),
      (.stopFailed(pid: 12), ["12"]),
      (.bootstrap(.closed), ["roles"]),
      (.notFound(dataDirectory: "/d"), ["/d"]),
      (.system(SystemError(errno: 13, operation: "open /x")), ["open /x"]),
      (.cancelled, ["cancelled"]),
    ] as [(EmbeddedClusterError, [String])])
  func descriptions(error: EmbeddedClusterError, words: [String]) {
    for word in words { #expect("\(error)".contains(word)) }
  }
}
