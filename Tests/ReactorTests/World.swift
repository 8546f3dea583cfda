import Glibc
import Reactor

/// A loop and a directory of its own for one test.
final class World: Sendable {
  let loop: EventLoop
  let directory: String

  private init() throws {
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
    remove(directory)
  }

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  func write(_ text: String, to name: String) throws {
    guard let file = fopen(path(name), "w") else { throw TestFailure("fopen") }
    fputs(text, file)
    fclose(file)
  }

  func read(_ name: String) throws -> String {
    guard let file = fopen(path(name), "r") else { throw TestFailure("fopen") }
    defer { fclose(file) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    return String(decoding: buffer[..<fread(&buffer, 1, buffer.count, file)], as: UTF8.self)
  }

  /// Two connected sockets on the loop, not started.
  func pair() async throws -> (StreamSocket, StreamSocket) {
    let (first, second) = try AcceptedSocket.pair()
    let loop = loop
    return await loop.run { (StreamSocket(first), StreamSocket(second, on: loop)) }
  }

  /// Waits until the loop has begun another turn and finished what was there.
  func turn() async {
    for _ in 0..<3 { await loop.run { await Task.yield() } }
  }

  /// Removes what a test left, one directory deep.
  private func remove(_ directory: String) {
    guard let entries = opendir(directory) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let path = "\(directory)/\(name)"
      if unlink(path) != 0 { rmdir(path) }
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
    var waiting: [(condition: ([Entry]) -> Bool, completion: Completion<Void>)] = []
  }
  private let state = Guarded(State())

  var entries: [Entry] { state.withLock { $0.entries } }

  func add(_ entry: Entry) {
    let ready = state.withLock { state in
      state.entries.append(entry)
      let ready = state.waiting.filter { $0.condition(state.entries) }
      state.waiting.removeAll { $0.condition(state.entries) }
      return ready.map(\.completion)
    }
    for completion in ready { completion.succeed(()) }
  }

  /// Waits until there are `count` entries.
  @discardableResult
  func waitFor(_ count: Int) async throws -> [Entry] {
    try await waitUntil { $0.count >= count }
  }

  @discardableResult
  func waitUntil(_ condition: @escaping @Sendable ([Entry]) -> Bool) async throws -> [Entry] {
    let completion = Completion<Void>()
    state.withLock { state in
      if condition(state.entries) {
        completion.succeed(())
      } else {
        state.waiting.append((condition, completion))
      }
    }
    try await completion.value()
    return entries
  }
}

/// Numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
