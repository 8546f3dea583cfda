import ArgumentParser
import FlyingFox
import FlyingSocks
import Foundation

/// An address of this host to listen at, as a number; `localhost` is 127.0.0.1.
struct ListenAddress: ExpressibleByArgument {
  static let loopback = ListenAddress(text: "127.0.0.1", isIPv6: false)

  let text: String
  let isIPv6: Bool

  private init(text: String, isIPv6: Bool) {
    self.text = text
    self.isIPv6 = isIPv6
  }

  init?(argument: String) {
    text = argument == "localhost" ? "127.0.0.1" : argument
    isIPv6 = argument.contains(":")
    do {
      _ = try socket(port: 0)
    } catch {
      return nil
    }
  }

  /// - Throws: when the address is none.
  func socket(port: UInt16) throws -> any SocketAddress {
    guard isIPv6 else { return try sockaddr_in.inet(ip4: text, port: port) }
    return try sockaddr_in6.inet6(ip6: text, port: port)
  }

  var defaultValueDescription: String { text }

  func url(port: UInt16) -> String {
    "http://\(isIPv6 ? "[\(text)]" : text):\(port)/"
  }

  /// The addresses that the daemon must be allowed to talk to.
  var block: String { text.hasPrefix("127.") ? "127.0.0.0/8" : "\(text)/\(isIPv6 ? 128 : 32)" }
}
