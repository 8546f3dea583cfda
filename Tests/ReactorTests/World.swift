import Glibc
import Reactor
import Synchronization

/// A loop and a directory of its own for one test.
final class World: Sendable {
  let loop: EventLoop
  let directory: String

  init() throws {
    loop = try EventLoop(name: "test")
    var template = Array("/tmp/reactor-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp") }
    directory = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
  }

  /// Runs a test in a new world and clears it away.
  static func run(_ body: (World) async throws -> Void) async throws {
    let world = try World()
    do {
      try await body(world)
    } catch {
      await world.end()
      throw error
    }
    await world.end()
  }

  private func end() async {
    await loop.shutdown()
    _ = try? await ChildCleaner.remove(directory)
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }
}

enum ChildCleaner {
  /// Removes a flat directory.
  static func remove(_ directory: String) async throws {
    guard let entries = opendir(directory) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { unlink("\(directory)/\(name)") }
    }
    rmdir(directory)
  }
}

struct TestFailure: Error {
  let what: String
  init(_ what: String) { self.what = what }
}

/// What happened, from any thread, and a wait for some of it.
final class Log<Entry: Sendable>: Sendable {
  private struct State {
    var entries: [Entry] = []
    var waiting: [(count: Int, completion: Completion<Void>)] = []
  }
  private let state = Mutex(State())

  var entries: [Entry] { state.withLock { $0.entries } }

  func add(_ entry: Entry) {
    let ready = state.withLock { state in
      state.entries.append(entry)
      let ready = state.waiting.filter { $0.count <= state.entries.count }
      state.waiting.removeAll { $0.count <= state.entries.count }
      return ready.map(\.completion)
    }
    for completion in ready { completion.succeed(()) }
  }

  /// Waits until there are `count` entries.
  @discardableResult
  func waitFor(_ count: Int) async throws -> [Entry] {
    let completion = Completion<Void>()
    state.withLock { state in
      if state.entries.count >= count {
        completion.succeed(())
      } else {
        state.waiting.append((count, completion))
      }
    }
    try await completion.value()
    return entries
  }
}
