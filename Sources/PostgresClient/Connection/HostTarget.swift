internal import Glibc

/// One host of a connection string, as the operator wrote it.
struct HostTarget: Sendable, Hashable {
  /// A name, an address, or the directory of a Unix socket.
  let host: String
  /// An address given besides the name.
  let address: String?
  let port: String

  /// The comma-separated lists of `host`, `hostaddr` and `port` as libpq pairs them up.
  static func list(_ settings: [String: String]) -> [HostTarget] {
    let hosts = items(settings["host"])
    let addresses = items(settings["hostaddr"])
    let ports = items(settings["port"])
    return (0..<max(hosts.count, addresses.count)).map { index in
      HostTarget(
        host: index < hosts.count ? hosts[index] : "",
        address: index < addresses.count && !addresses[index].isEmpty ? addresses[index] : nil,
        // A single port is every host's.
        port: ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : "")
    }
  }

  /// The items of a comma-separated list, empty ones too; none of an empty list.
  static func items(_ list: String?) -> [String] {
    guard let list, !list.isEmpty else { return [] }
    return list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  var isSocketDirectory: Bool {
    address == nil && (host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@"))
  }

  /// Whether the way there does not leave this machine.
  var isLocal: Bool {
    if isSocketDirectory { return true }
    let name = address ?? host
    return name == "localhost" || name == "::1" || (name.hasPrefix("127.") && Self.isAddress(name))
  }

  /// Whether only a resolver can tell the address. libpq would ask it on the loop's thread.
  var needsResolution: Bool { !isSocketDirectory && address == nil && !Self.isAddress(host) }

  static func isAddress(_ text: String) -> Bool {
    var buffer = in6_addr()
    return unsafe inet_pton(AF_INET, text, &buffer) == 1 || inet_pton(AF_INET6, text, &buffer) == 1
  }
}

/// One address to try.
struct ResolvedHost: Sendable, Hashable {
  let host: String
  let address: String?
  let port: String
}
