internal import NetworkAddress
internal import Reactor

/// The addresses of a host. Belongs to one loop.
final class NameRecord {
  /// Most addresses that a request tries.
  private static let maxCandidates = 4

  let expires: MonotonicInstant
  private let addresses: [IPAddress]
  /// The addresses to try, in this order.
  private(set) var candidates: [DialAddress]
  private(set) var preferred: IPAddress?
  private var lastCheck: (policy: AddressPolicy, refusal: AddressRefusal?)?

  init(addresses: [IPAddress], expires: MonotonicInstant) {
    self.addresses = addresses
    self.expires = expires
    candidates = addresses.prefix(Self.maxCandidates).map(DialAddress.init)
  }

  /// The first address that `policy` forbids: one is enough to refuse the name, because it was not
  /// put among the others by accident.
  func refusal(by policy: AddressPolicy) -> AddressRefusal? {
    if let lastCheck, lastCheck.policy == policy { return lastCheck.refusal }
    let refusal = addresses.lazy.compactMap { AddressRefusal($0, by: policy) }.first
    lastCheck = (policy, refusal)
    return refusal
  }

  /// Has `address`, which was connected to, tried first from now on, if it is one of the host's.
  func prefer(_ address: IPAddress) {
    guard preferred != address, addresses.contains(address) else { return }
    preferred = address
    let others = candidates.filter { $0.address != address }
    candidates = [DialAddress(address)] + others.prefix(Self.maxCandidates - 1)
  }
}

/// An address as libcurl is told it.
struct DialAddress {
  let address: IPAddress
  /// As libcurl writes it itself.
  let text: String
  /// For CURLOPT_CONNECT_TO: any host and port, to this address and the same port.
  let connectTo: String

  init(_ address: IPAddress) {
    self.address = address
    text = "\(address)"
    connectTo =
      switch address {
      case .v4: "::\(text):"
      case .v6: "::[\(text)]:"
      }
  }
}

/// An address that a policy forbids.
struct AddressRefusal {
  let address: IPAddress
  let verdict: AddressVerdict

  /// Nil when `policy` allows the address.
  init?(_ address: IPAddress, by policy: AddressPolicy) {
    verdict = policy.verdict(on: address)
    guard !verdict.isAllowed else { return nil }
    self.address = address
  }
}
