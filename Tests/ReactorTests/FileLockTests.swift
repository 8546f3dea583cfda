import Glibc
import Reactor
import Testing

@Suite struct FileLockTests {
  @Test("one holds a lock at a time, and the other learns who")
  func exclusive() async throws {
    try await World.run { (world) async throws in
      let path = world.path("lock")
      let lock = try FileLock(path: path)
      #expect(throws: FileLockError.held(path: path, processID: getpid())) {
        try FileLock(path: path)
      }
      #expect(try world.read("lock") == "\(getpid())\n")
      lock.release()
      lock.release()
      let next = try FileLock(path: path)
      #expect(next.path == path)
    }
  }

  @Test("a lock ends with the object that holds it")
  func ends() async throws {
    try await World.run { (world) async throws in
      for _ in 0..<3 { _ = try FileLock(path: world.path("lock")) }
    }
  }

  @Test("a lock file may not be a link, and its directory must be there")
  func refused() async throws {
    try await World.run { (world) async throws in
      symlink(world.path("target"), world.path("link"))
      #expect(throws: FileLockError.self) { try FileLock(path: world.path("link")) }
      #expect(access(world.path("target"), F_OK) != 0)
      let error = #expect(throws: FileLockError.self) { try FileLock(path: world.path("a/b")) }
      #expect(error?.description.hasPrefix("open ") == true)
    }
  }

  @Test("who holds it is said, as far as the file tells")
  func holder() async throws {
    try await World.run { (world) async throws in
      let path = world.path("lock")
      let lock = try FileLock(path: path)
      try world.write("", to: "lock")
      let error = #expect(throws: FileLockError.self) { try FileLock(path: path) }
      #expect(error?.description == "\(path) is locked by another process")
      #expect(
        FileLockError.held(path: "l", processID: 3).description == "l is locked by process 3")
      lock.release()
    }
  }
}
