package import Logging
internal import Synchronization

/// Tells the log about denials: once per caller and method, however often they are repeated.
///
/// Remembers at most 1,024 pairs; when more come, it starts over, so a caller that invents names
/// costs no memory and at worst repeats lines.
package final class DenialLog: Sendable {
  private static let capacity = 1024

  private let logger: Logger
  private let told = Mutex<Set<[String]>>([])

  package init(logger: Logger) { self.logger = logger }

  /// - Parameter caller: the policy's name, or the account when it has none.
  func record(caller: String, userID: UInt32, processID: Int32, method: String) {
    let isNew = told.withLock { told in
      if told.count >= Self.capacity { told.removeAll() }
      return told.insert([caller, method]).inserted
    }
    guard isNew else { return }
    logger.warning(
      "denied; further denials of this caller and method are not logged",
      metadata: [
        "caller": "\(caller)", "uid": "\(userID)", "pid": "\(processID)", "method": "\(method)",
      ])
  }

  /// Denials are told again: the policy has changed.
  func reset() { told.withLock { $0.removeAll() } }
}
