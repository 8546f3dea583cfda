import Foundation
import Reactor
import Synchronization

/// The lines of standard input, one at a time as they are asked for. Reading blocks, so it has a
/// thread of its own, which goes on waiting when the one who asked is cancelled.
final class StandardInputLines: Sendable {
  private struct State {
    var buffer: LineBuffer
    var isAtEnd = false
  }

  private static let chunkBytes = 1 << 16

  private let queue = DispatchQueue(label: "standard input")
  private let state: Mutex<State>

  init(maxLineBytes: Int) {
    state = Mutex(State(buffer: LineBuffer(maxLineBytes: maxLineBytes)))
  }

  /// The next line; nil at the end of the input and when the task is cancelled.
  func next() async -> InputLine? {
    let line = Completion<InputLine?>()
    queue.async { line.succeed(self.read()) }
    do {
      return try await line.value()
    } catch {
      return nil  // Cancelled, the only way it can fail.
    }
  }

  private func read() -> InputLine? {
    state.withLock { state in
      while true {
        if let line = state.buffer.next(atEnd: state.isAtEnd) { return line }
        guard !state.isAtEnd else { return nil }
        let chunk = Self.chunk()
        state.isAtEnd = chunk.isEmpty
        state.buffer.append(chunk)
      }
    }
  }

  /// What there is, empty at the end. A file is read piece by piece; of a pipe or terminal, whoever
  /// asks for a piece waits until all of it is there, so from them whatever comes is taken.
  private static func chunk() -> Data {
    let input = FileHandle.standardInput
    do {
      _ = try input.offset()
    } catch {
      return input.availableData  // It has no position: a pipe, a socket, a terminal.
    }
    do {
      return try input.read(upToCount: chunkBytes) ?? Data()
    } catch {
      writeError("standard input cannot be read: \(error.localizedDescription)")
      return Data()
    }
  }
}
