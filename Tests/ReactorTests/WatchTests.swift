import Glibc
import Reactor
import Testing

/// A pipe whose ends are closed with it.
final class TestPipe: Sendable {
  let reading: Int32
  let writing: Int32
  init() throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw TestFailure("pipe") }
    (reading, writing) = (ends[0], ends[1])
  }
  func write() { _ = Glibc.write(writing, "x", 1) }
  func read() {
    var byte: UInt8 = 0
    _ = Glibc.read(reading, &byte, 1)
  }
  deinit {
    close(reading)
    close(writing)
  }
}

/// Carries a watch or a timer from one visit of its loop to the next.
final class Holder<Value>: @unchecked Sendable {
  // SAFETY: touched on the loop only.
  var value: Value?
}

@Suite struct WatchTests {
  @Test("a watch tells until acted upon, and nothing after it is cancelled")
  func levelTriggered() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let pipe = try TestPipe()
      let log = Log<Readiness>()
      let watch = Holder<Watch>()
      try await loop.run {
        watch.value = try loop.watch(descriptor: pipe.reading, for: .read) { readiness in
          log.add(readiness)
          if log.entries.count == 3 { pipe.read() }
        }
        #expect(watch.value?.descriptor == pipe.reading)
      }
      pipe.write()
      try await log.waitFor(3)
      await world.turn()
      #expect(log.entries == [.read, .read, .read])
      await loop.run {
        watch.value?.cancel()
        watch.value?.cancel()
      }
      pipe.write()
      await world.turn()
      #expect(log.entries.count == 3)
    }
  }

  @Test("a watch without interest is silent, and speaks again when it gets one")
  func interest() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let pipe = try TestPipe()
      let log = Log<Readiness>()
      let watch = Holder<Watch>()
      try await loop.run {
        watch.value = try loop.watch(descriptor: pipe.writing, for: []) { log.add($0) }
      }
      await world.turn()
      #expect(log.entries.isEmpty)
      try await loop.run { try watch.value?.update(.write) }
      #expect(try await log.waitFor(1)[0] == .write)
      try await loop.run {
        try watch.value?.update(.hangup)
        try watch.value?.update(.hangup)
      }
      let count = log.entries.count
      await world.turn()
      #expect(log.entries.count == count)
      try await loop.run {
        try watch.value?.update([])
        watch.value?.cancel()
        try watch.value?.update(.read)
      }
    }
  }

  @Test("a watch that another handler of the same turn cancelled is not told")
  func cancelledInTheSameTurn() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let first = try TestPipe()
      let second = try TestPipe()
      let third = try TestPipe()
      let log = Log<String>()
      first.write()
      second.write()
      try await loop.run {
        var watches: [Watch] = []
        for (name, pipe) in [("first", first), ("second", second)] {
          watches.append(
            try loop.watch(descriptor: pipe.reading, for: .read) { _ in
              log.add(name)
              for watch in watches { watch.cancel() }
              // Takes a slot that was just given back; the event of its old owner is not its own.
              do {
                _ = try loop.watch(descriptor: third.reading, for: .read) { _ in log.add("third") }
              } catch {
                log.add("\(error)")
              }
            })
        }
      }
      try await log.waitFor(1)
      await world.turn()
      #expect(log.entries.count == 1)
    }
  }

  @Test("what epoll refuses is an error")
  func refused() async throws {
    try await World.run { (world) async throws in
      try world.write("text", to: "file")
      let file = open(world.path("file"), O_RDONLY)
      defer { close(file) }
      let loop = world.loop
      let error = await #expect(throws: SystemError.self) {
        try await loop.run { () async throws(SystemError) in
          _ = try loop.watch(descriptor: file, for: .read) { _ in }
        }
      }
      #expect(error?.errno == EPERM)
      #expect(error?.description == "epoll_ctl: Operation not permitted (errno 1)")
    }
  }
}
