internal import Reactor

extension Transfer {
  /// Why a callback, or what comes before libcurl, did not go on.
  enum Obstacle {
    case forbidden(AddressRefusal)
    /// The other side had reset the connection before anybody could look who it was.
    case goneAtOnce
    /// libcurl was about to talk to an address that nobody gave it.
    case stray
    /// The connection was lost, and libcurl was about to send the request a second time.
    case repetition(leftOnKeptConnection: Bool)
    case socket(errno: Int32)
    case unwatchable(SystemError)

    /// What it means for a request to `host`, which was talked to at `peer`.
    func failure(of host: String, at peer: String) -> (cause: FailureCause, message: String) {
      switch self {
      case .forbidden(let refusal):
        (
          .forbiddenAddress(refusal.address, refusal.verdict),
          "\(host) is at \(refusal.address), which is \(refusal.verdict)"
        )
      case .goneAtOnce:
        (.connectionLost, "\(peer) reset the connection before the request was sent")
      case .stray: (.localResource, "libcurl was about to talk to another address")
      case .repetition(leftOnKeptConnection: true):
        (.staleConnection, "a kept connection was closed before the response began")
      case .repetition: (.connectionLost, "the other side did not take the request")
      case .socket(let errno):
        (.localResource, "\(SystemError(errno: errno, operation: "socket"))")
      case .unwatchable(let error): (.localResource, "\(error)")
      }
    }
  }
}
