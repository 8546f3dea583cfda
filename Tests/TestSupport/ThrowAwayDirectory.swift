import FoundationEssentials
import Glibc
import Reactor

/// A directory below /tmp that vanishes with this process, however it ends.
///
/// This process holds a lock on a file in it, which the kernel releases when it ends. A small
/// watchdog waits for that lock, ends the server in the directory and removes it. Should the
/// watchdog be killed too, the next test run finds the lock free and does the same.
package final class ThrowAwayDirectory: Sendable {
  package let path: String
  private let lock: FileLock

  private static let parent = "/tmp"
  private static let prefix = "integrationd-test-"

  package init(on loop: EventLoop) async throws {
    let name = Self.prefix + String(UInt64.random(in: .min ... .max), radix: 36)
    path = Self.parent + "/" + name
    guard mkdir(path, 0o711) == 0, chmod(path, 0o711) == 0 else {
      throw SystemError(errno: errno, operation: "make \(path)")
    }
    lock = try FileLock(path: path + "/lock")
    try await startWatchdog(on: loop)
  }

  /// Gives the directory up: the watchdog removes it and what runs in it.
  package func release() {
    lock.release()
  }

  /// Removes what runs of the past left behind.
  static func removeStale(on loop: EventLoop) async throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: parent)
    where name.hasPrefix(prefix) {
      let path = parent + "/" + name
      // A directory that is in use, not ours, or gone meanwhile.
      guard FileManager.default.fileExists(atPath: path + "/lock"),
        let lock = try? FileLock(path: path + "/lock")
      else { continue }
      lock.release()
      _ = try await ChildProcess.run(
        .init("/bin/sh", ["-c", cleanUp, "sh", path]), on: loop, deadline: .within(.seconds(120)))
    }
  }

  private func startWatchdog(on loop: EventLoop) async throws {
    let configuration = ChildProcess.Configuration(
      "flock", [path + "/lock", "/bin/sh", "-c", Self.cleanUp, "sh", path],
      workingDirectory: "/", standardOutput: .discard, standardError: .discard)
    _ = try await loop.run { try ChildProcess.spawn(configuration, on: loop) }
  }

  /// Ends every server below `$1` and removes it. Only a process of that very directory is ended.
  private static let cleanUp = """
    find "$1" -name postmaster.pid 2>/dev/null | while read -r file; do
      read -r pid < "$file" || continue
      grep -qa -- "$1" "/proc/$pid/cmdline" 2>/dev/null || continue
      kill -QUIT "$pid" 2>/dev/null
      for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
      done
    done
    rm -rf "$1"
    """
}
