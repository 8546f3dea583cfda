/// What a caller may say about one call.
public struct CallOptions: Sendable, Hashable {
  /// What a call does while there is no connection to the server.
  public enum WhenUnreachable: Sendable, Hashable {
    /// Fails at once with UNAVAILABLE.
    case fail
    /// Waits for a connection until its deadline.
    case wait
  }

  /// Time allowed for the whole call. Nil: the channel's default for unary calls, no limit for
  /// streams. The server may allow less.
  public var timeout: Duration?
  /// Sent with the request.
  public var metadata: Metadata
  /// What to do while the server cannot be reached. Fails at once unless told otherwise.
  public var whenUnreachable: WhenUnreachable

  /// Makes options; every argument has the default of its property.
  public init(
    timeout: Duration? = nil, metadata: Metadata = Metadata(),
    whenUnreachable: WhenUnreachable = .fail
  ) {
    self.timeout = timeout
    self.metadata = metadata
    self.whenUnreachable = whenUnreachable
  }
}
