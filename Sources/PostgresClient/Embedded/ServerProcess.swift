internal import FoundationEssentials
internal import Glibc

/// Tells whether a process belongs to one cluster, by what the kernel says about it. A process id
/// in a file proves nothing: it may have been reused.
struct ServerProcess: Sendable {
  let dataDirectory: String
  /// `cluster_name`, which every process but the postmaster shows in its title.
  let clusterName: String

  /// Whether process `pid` is a PostgreSQL process of this cluster.
  func serves(_ pid: pid_t) -> Bool {
    guard text("/proc/\(pid)/comm")?.hasPrefix("postgres") == true else { return false }
    var there = stat()
    var ours = stat()
    guard unsafe stat(dataDirectory, &ours) == 0 else { return false }
    // Every PostgreSQL process works in its data directory.
    if unsafe stat("/proc/\(pid)/cwd", &there) == 0 {
      return there.st_dev == ours.st_dev && there.st_ino == ours.st_ino
    }
    // Containers take from root the right to look there. Command lines are open to everybody, so
    // they count only when the process runs as the owner of the data.
    guard errno == EACCES || errno == EPERM, unsafe stat("/proc/\(pid)", &there) == 0,
      there.st_uid == ours.st_uid
    else { return false }
    let words = (text("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
    return words.contains(Substring(dataDirectory))
      || words.first?.hasPrefix("postgres: \(clusterName):") == true
  }

  /// Every process of this cluster. One pass over /proc.
  func all() -> [pid_t] {
    // Without /proc there is nothing to find, and PostgreSQL's own checks remain.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { serves($0) }
  }

  /// A small file of /proc; nil when the process is gone.
  private func text(_ path: String) -> String? {
    // A process may end between two looks; then it serves nothing.
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
    return String(decoding: data, as: UTF8.self)
  }
}
