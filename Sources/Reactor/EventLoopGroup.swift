internal import CEpoll
internal import Synchronization

/// The loops of a process, usually one per core.
package final class EventLoopGroup: Sendable {
  package let loops: [EventLoop]
  private let turn = Atomic<Int>(0)

  /// - Parameters:
  ///   - count: how many loops; by default one per core this process may use.
  ///   - name: what their threads are called, followed by a number.
  /// - Throws: when the process is out of descriptors or threads.
  package init(count: Int? = nil, name: String) throws(SystemError) {
    var loops: [EventLoop] = []
    for number in 0..<max(1, count ?? Self.availableCores) {
      loops.append(try EventLoop(name: "\(name)-\(number)"))
    }
    self.loops = loops
  }

  /// The loops one after the other, for spreading sockets and work.
  package func next() -> EventLoop {
    let number = turn.wrappingAdd(1, ordering: .relaxed).oldValue
    return loops[Int(UInt(bitPattern: number) % UInt(loops.count))]
  }

  /// Ends all loops; see ``EventLoop/shutdown()``.
  package func shutdown() async {
    for loop in loops { await loop.shutdown() }
  }

  /// The cores in this thread's affinity mask.
  private static var availableCores: Int { Int(cepoll_available_cores()) }
}
