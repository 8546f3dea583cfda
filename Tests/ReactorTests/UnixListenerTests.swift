import Glibc
import Reactor
import Testing

extension World {
  /// An echo server at `name`.
  func listen(
    _ name: String = "s", permissions: UInt16 = 0o600, group: UInt32? = nil, backlog: Int32 = 16,
    onAccept: @escaping @Sendable (AcceptedSocket) -> Void = Echo.serve
  ) async throws(ListenError) -> UnixListener {
    let loop = loop
    let path = path(name)
    return try await loop.run { () async throws(ListenError) in
      try UnixListener.bind(
        path: path, permissions: permissions, group: group, on: loop, backlog: backlog,
        onAccept: onAccept)
    }
  }
}

@Suite struct UnixListenerTests {
  @Test("a client reaches the server, is known to it and hears its answer")
  func echo() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let log = Log<String>()
      let peers = Log<PeerCredentials>()
      let listener = try await world.listen { accepted in
        peers.add(accepted.peer)
        Echo.serve(accepted)
      }
      let client = try await StreamSocket.connect(
        path: listener.path, on: loop, deadline: .within(.seconds(120)))
      #expect(client.peer.processID == getpid())
      try await loop.run {
        try client.start(Recorder(log))
        client.say("hello")
        client.finishWriting()
      }
      #expect(try await log.waitFor(3) == ["hello", "end", "closed well"])
      let peer = try await peers.waitFor(1)[0]
      #expect(peer.userID == getuid())
      #expect(peer.groupID == getgid())
      #expect(peer.processID == getpid())
      #expect(peer.supplementaryGroups.count == Int(getgroups(0, nil)))
      await loop.run {
        listener.close()
        listener.close()
      }
      #expect(access(listener.path, F_OK) != 0)
    }
  }

  @Test("the file has the permissions and the group that were asked for")
  func permissions() async throws {
    try await World.run { (world) async throws in
      let listener = try await world.listen(permissions: 0o620, group: getgid())
      var status = stat()
      #expect(lstat(listener.path, &status) == 0)
      #expect(status.st_mode & 0o7777 == 0o620)
      #expect(status.st_gid == getgid())
      await world.loop.run { listener.close() }
    }
  }

  @Test("a path has one server, and the next when that one has closed")
  func oneServer() async throws {
    try await World.run { (world) async throws in
      let first = try await world.listen()
      await #expect(throws: ListenError.inUse(path: first.path, processID: getpid())) {
        _ = try await world.listen()
      }
      await world.loop.run { first.stop() }
      #expect(access(first.path, F_OK) != 0)
      await #expect(throws: ListenError.self) { _ = try await world.listen() }
      await world.loop.run { first.close() }
      let second = try await world.listen()
      await world.loop.run { second.close() }
    }
  }

  @Test("the socket of a server that died is replaced")
  func stale() async throws {
    try await World.run { (world) async throws in
      close(RawClient.bind(path: world.path("s"), listening: false))
      let listener = try await world.listen()
      let client = try RawClient(path: listener.path)
      client.send("x")
      shutdown(client.descriptor, Int32(SHUT_WR))
      #expect(client.readToEnd() == "x")
      await world.loop.run { listener.close() }
    }
  }

  @Test("a live server that knows nothing of our lock is respected, even with a full backlog")
  func foreignServer() async throws {
    try await World.run { (world) async throws in
      let foreign = RawClient.bind(path: world.path("s"), listening: true)
      defer { close(foreign) }
      await #expect(throws: ListenError.inUse(path: world.path("s"), processID: getpid())) {
        _ = try await world.listen()
      }
      let waiting = try RawClient(path: world.path("s"))
      await #expect(throws: ListenError.inUse(path: world.path("s"), processID: nil)) {
        _ = try await world.listen()
      }
      _ = waiting
      #expect(access(world.path("s"), F_OK) == 0)
    }
  }

  @Test("something that is no socket is left alone")
  func occupied() async throws {
    try await World.run { (world) async throws in
      try world.write("precious", to: "s")
      await #expect(throws: ListenError.occupied(path: world.path("s"))) {
        _ = try await world.listen()
      }
      #expect(try world.read("s") == "precious")
    }
  }

  @Test("a socket that another server put in our place is not removed")
  func replaced() async throws {
    try await World.run { (world) async throws in
      let listener = try await world.listen()
      unlink(listener.path)
      let other = RawClient.bind(path: listener.path, listening: true)
      await world.loop.run { listener.close() }
      #expect(access(listener.path, F_OK) == 0)
      close(other)
    }
  }

  @Test(
    "paths that no server can have are refused",
    arguments: [
      "", "@abstract", "\0abstract", "/tmp/a\0b", "/tmp/" + String(repeating: "x", count: 103),
      "/tmp/directory/",
    ])
  func invalidPaths(path: String) async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      let error = await #expect(throws: ListenError.self) {
        try await loop.run { () async throws(ListenError) in
          _ = try UnixListener.bind(path: path, permissions: 0o600, on: loop) { _ in }
        }
      }
      guard case .invalidPath = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test("directories in which others could put something in our place are refused")
  func unsafeDirectories() async throws {
    try await World.run { (world) async throws in
      mkdir(world.path("open"), 0o700)
      chmod(world.path("open"), 0o777)
      await #expect(
        throws: ListenError.unsafeDirectory(
          world.path("open"), reason: "can be written by everybody")
      ) {
        _ = try await world.listen("open/s")
      }
      mkdir(world.path("group"), 0o700)
      chown(world.path("group"), uid_t.max, 4242)
      chmod(world.path("group"), 0o770)
      if getuid() == 0 {
        await #expect(
          throws: ListenError.unsafeDirectory(
            world.path("group"), reason: "can be written by group 4242, which is not ours")
        ) {
          _ = try await world.listen("group/s")
        }
      }
      mkdir(world.path("real"), 0o700)
      symlink(world.path("real"), world.path("link"))
      await #expect(
        throws: ListenError.unsafeDirectory(
          world.path("link"), reason: "is a symbolic link")
      ) {
        _ = try await world.listen("link/s")
      }
      try world.write("", to: "file")
      await #expect(
        throws: ListenError.unsafeDirectory(
          world.path("file"), reason: "is not a directory")
      ) {
        _ = try await world.listen("file/s")
      }
      let missing = await #expect(throws: ListenError.self) {
        _ = try await world.listen("missing/s")
      }
      #expect(missing?.description.hasSuffix("No such file or directory (errno 2)") == true)
    }
  }

  @Test("every refusal can be read")
  func descriptions() {
    #expect(
      ListenError.inUse(path: "/s", processID: 7).description
        == "cannot listen at /s: process 7 does")
    #expect(
      ListenError.inUse(path: "/s", processID: nil).description
        == "cannot listen at /s: another process does")
    #expect(
      ListenError.occupied(path: "/s").description
        == "cannot listen at /s: something other than a socket is there")
    #expect(
      ListenError.unsafeDirectory("/d", reason: "is odd").description
        == "cannot listen below /d: it is odd")
    #expect(
      ListenError.invalidPath("x", reason: "why").description == "cannot listen at 'x': why")
  }

  @Test("a lock file that cannot be had is an error, not a second server")
  func lockFails() async throws {
    try await World.run { (world) async throws in
      symlink("/dev/null", world.path("s.lock"))
      let error = await #expect(throws: ListenError.self) { _ = try await world.listen() }
      guard case .system(let cause) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(cause.errno == ELOOP)
    }
  }

  @Test("a group that we cannot give leaves nothing behind")
  func failsAfterBind() async throws {
    // Someone without privileges cannot give the file away; root can, and is not tested here.
    await #expect(processExitsWith: .success) {
      try await World.run { (world) async throws in
        if getuid() == 0 {
          chmod(world.directory, 0o777 | mode_t(S_ISVTX))
          guard setgroups(0, nil) == 0, setgid(65534) == 0, setuid(65534) == 0 else {
            throw TestFailure("setuid")
          }
        }
        await #expect(throws: ListenError.self) { _ = try await world.listen(group: 0) }
        #expect(access(world.path("s"), F_OK) != 0)
      }
    }
  }

  @Test("a paused listener lets clients wait, and takes them when it goes on")
  func pausing() async throws {
    try await World.run { (world) async throws in
      let log = Log<Int32>()
      let listener = try await world.listen { log.add($0.peer.processID) }
      await world.loop.run { listener.pauseAccepting() }
      let client = try RawClient(path: listener.path)
      await world.turn()
      #expect(log.entries.isEmpty)
      await world.loop.run { listener.resumeAccepting() }
      #expect(try await log.waitFor(1) == [getpid()])
      #expect(client.readToEnd() == "")
      await world.loop.run { listener.close() }
    }
  }

  @Test("a process without descriptors turns clients away instead of spinning, and recovers")
  func outOfDescriptors() async throws {
    await #expect(processExitsWith: .success) {
      try await World.run { (world) async throws in
        let listener = try await world.listen()
        // Clients first, then take every descriptor that is left.
        let clients = (0..<4).map { _ in socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }
        var taken: [Int32] = []
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = 256
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        while true {
          let next = dup(0)
          if next < 0 { break }
          taken.append(next)
        }
        for client in clients { #expect(RawClient.connect(client, listener.path) == 0) }
        for client in clients {
          // A descriptor that libdispatch held for a moment may let one client in: it ends this way.
          shutdown(client, Int32(SHUT_WR))
          var byte: UInt8 = 0
          #expect(read(client, &byte, 1) <= 0)
        }
        let refused = await world.loop.run { listener.refusedConnections }
        #expect(refused > 0)
        for descriptor in taken + clients { close(descriptor) }
        let client = try RawClient(path: listener.path)
        client.send("x")
        shutdown(client.descriptor, Int32(SHUT_WR))
        #expect(client.readToEnd() == "x")
        await world.loop.run { listener.close() }
      }
    }
  }

  @Test("a client whose server is absent, dead or swamped is told so in time")
  func connecting() async throws {
    try await World.run { (world) async throws in
      let loop = world.loop
      @Sendable func errno(_ name: String, _ deadline: Duration) async -> Int32 {
        do {
          _ = try await StreamSocket.connect(
            path: world.path(name), on: loop, deadline: .within(deadline))
          return 0
        } catch {
          return error.errno
        }
      }
      #expect(await errno("absent", .seconds(60)) == ENOENT)
      #expect(await errno(String(repeating: "x", count: 200), .seconds(60)) == ENAMETOOLONG)
      close(RawClient.bind(path: world.path("dead"), listening: false))
      #expect(await errno("dead", .seconds(60)) == ECONNREFUSED)

      let swamped = try await world.listen("swamped", backlog: 0)
      await loop.run { swamped.pauseAccepting() }
      let first = try RawClient(path: swamped.path)
      #expect(await errno("swamped", .milliseconds(20)) == ETIMEDOUT)
      let cancelled = Task { await errno("swamped", .seconds(3600)) }
      cancelled.cancel()
      #expect(await cancelled.value == ECANCELED)
      let patient = Task { await errno("swamped", .seconds(3600)) }
      await loop.run { swamped.resumeAccepting() }
      #expect(await patient.value == 0)
      _ = first
      await loop.run { swamped.close() }
    }
  }
}
