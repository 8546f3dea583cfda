internal import Reactor

/// A channel of `listen` and `notify`.
package struct NotificationChannel: Sendable, Hashable {
  package let name: String

  /// - Parameter name: a lower-case SQL identifier from the program's text.
  package init(_ name: StaticString) {
    let name = "\(name)"
    let allowed = name.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
    }
    precondition(allowed && (1...63).contains(name.utf8.count), "not a channel's name: \(name)")
    self.name = name
  }
}

/// That something may have happened. Hints get lost, when nobody reads them and with every lost connection: the tables tell
/// the truth, and ``listening`` means that it is time to look.
package enum NotificationHint: Sendable, Hashable {
  /// The server sends notifications from here on; those before are lost.
  case listening
  case notified(payload: String)
}

/// The one connection that listens, on one loop, for whoever wants hints. It is there while somebody does.
// SAFETY: what varies is touched on `loop`'s thread only; every entry hands its work there.
final class Listener: @unchecked Sendable {
  private typealias Observer = AsyncStream<NotificationHint>.Continuation

  /// Hints kept for a reader that is late.
  private static let maxHints = 64

  private let loop: EventLoop
  private var keeper: ConnectionKeeper?
  private var observers: [NotificationChannel: [ObjectIdentifier: Observer]] = [:]
  private var isClosed = false

  init(_ factory: ConnectionFactory) {
    loop = factory.loop
    keeper = ConnectionKeeper(
      factory,
      isWanted: { [weak self] in self?.isWanted ?? false },
      opened: { [weak self] connection in self?.opened(connection) },
      lost: { _ in })
  }

  /// The hints of a channel, until the reader stops or the client closes.
  func hints(of channel: NotificationChannel) -> AsyncStream<NotificationHint> {
    let (stream, observer) = AsyncStream.makeStream(
      of: NotificationHint.self, bufferingPolicy: .bufferingNewest(Self.maxHints))
    let key = Key()
    observer.onTermination = { [weak self] _ in
      guard let self else { return }
      loop.submit { self.remove(key, from: channel) }
    }
    loop.submit { self.add(observer, key, to: channel) }
    return stream
  }

  /// Ends all streams and the connection.
  func close() {
    loop.submit { [self] in
      isClosed = true
      keeper?.close()
      for observer in observers.values.flatMap(\.values) { observer.finish() }
      observers = [:]
    }
  }

  private final class Key: Sendable {}

  private var isWanted: Bool { !isClosed && !observers.isEmpty }

  private func add(_ observer: Observer, _ key: Key, to channel: NotificationChannel) {
    guard !isClosed else { return observer.finish() }
    observers[channel, default: [:]][ObjectIdentifier(key)] = observer
    if let connection = keeper?.connection {
      listen(to: [channel], on: connection)
    } else {
      keeper?.open()
    }
  }

  private func remove(_ key: Key, from channel: NotificationChannel) {
    observers[channel]?[ObjectIdentifier(key)] = nil
    guard observers[channel]?.isEmpty == true else { return }
    observers[channel] = nil
    if observers.isEmpty {
      keeper?.close()
    } else {
      keeper?.connection?.send(Batch([.command("unlisten \(channel.name)")]) { _, _ in })
    }
  }

  private func opened(_ connection: Connection) {
    guard isWanted else {
      keeper?.close()
      return
    }
    connection.onNotification = { [weak self] name, payload in
      guard let self else { return }
      for (channel, observers) in observers where channel.name == name {
        for observer in observers.values { observer.yield(.notified(payload: payload)) }
      }
    }
    listen(to: Array(observers.keys), on: connection)
  }

  private func listen(to channels: [NotificationChannel], on connection: Connection) {
    let commands = channels.map { Batch.Step.command("listen \($0.name)") }
    connection.send(
      Batch(commands) { [weak self, weak connection] batch, end in
        guard case .synced = end else { return }
        guard batch.failure == nil else {
          connection?.abandon("the server refused to listen")
          return
        }
        for observer in channels.compactMap({ self?.observers[$0] }).flatMap(\.values) {
          observer.yield(.listening)
        }
      })
  }
}
