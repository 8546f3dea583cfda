internal import CEpoll
internal import Glibc

/// The preparations for `posix_spawn(3)`: where the child's descriptors point.
final class ChildLaunch {
  private var outputPipe: Pipe?
  private var errorPipe: Pipe?

  private struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor
    let maxBytes: Int

    init(maxBytes: Int) throws(SystemError) {
      var ends: [Int32] = [-1, -1]
      // Only our end does not block: the child does not expect it.
      guard unsafe cepoll_pipe(&ends) == 0 else { throw .last("pipe2") }
      reading = Descriptor(ends[0])
      writing = Descriptor(ends[1])
      self.maxBytes = maxBytes
    }

    consuming func capture(on loop: EventLoop) throws(SystemError) -> ChildOutput {
      try ChildOutput(reading, maxBytes: maxBytes, on: loop)
    }
  }

  init(_ configuration: ChildProcess.Configuration) throws(SystemError) {
    if case .capture(let maxBytes) = configuration.standardOutput {
      outputPipe = try Pipe(maxBytes: maxBytes)
    }
    if case .capture(let maxBytes) = configuration.standardError {
      errorPipe = try Pipe(maxBytes: maxBytes)
    }
  }

  /// Begins to read what is captured; our copies of the writing ends go, so that the end of the
  /// child is the end of the pipe.
  func takeCaptures(
    on loop: EventLoop
  ) throws(SystemError) -> (output: ChildOutput?, errors: ChildOutput?) {
    (try outputPipe.take()?.capture(on: loop), try errorPipe.take()?.capture(on: loop))
  }

  /// Starts the child.
  /// - Returns: its process id.
  func spawn(_ configuration: ChildProcess.Configuration) throws(SystemError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    try unsafe add(configuration, to: &actions)

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    try prepare(&attributes)

    try check(cepoll_keep_exit_codes())
    let arguments = try CStrings([configuration.executable] + configuration.arguments)
    var process: pid_t = 0
    let code: Int32
    if let environment = configuration.environment {
      let variables = try CStrings(environment.map { "\($0.key)=\($0.value)" })
      code = unsafe posix_spawnp(
        &process, configuration.executable, &actions, &attributes, arguments.pointers,
        variables.pointers)
    } else {
      code = unsafe posix_spawnp(
        &process, configuration.executable, &actions, &attributes, arguments.pointers,
        cepoll_environment())
    }
    guard code == 0 else {
      throw SystemError(errno: code, operation: "start \(configuration.executable)")
    }
    return process
  }

  private func add(
    _ configuration: ChildProcess.Configuration, to actions: inout posix_spawn_file_actions_t
  ) throws(SystemError) {
    // Paths are resolved in the child in this order, so files are opened before the directory changes.
    try check(
      unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0))
    let (output, errors) = writingEnds()
    try unsafe add(configuration.standardOutput, as: STDOUT_FILENO, pipe: output, to: &actions)
    try unsafe add(configuration.standardError, as: STDERR_FILENO, pipe: errors, to: &actions)
    if let directory = configuration.workingDirectory {
      try check(unsafe cepoll_spawn_change_directory(&actions, directory))
    }
    try check(unsafe cepoll_spawn_close_from(&actions, STDERR_FILENO + 1))
  }

  private func add(
    _ output: ChildProcess.Output, as number: Int32, pipe: Int32,
    to actions: inout posix_spawn_file_actions_t
  ) throws(SystemError) {
    switch output {
    case .inherit: break
    case .discard:
      try check(
        unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0))
    case .file(let path):
      try check(
        unsafe posix_spawn_file_actions_addopen(
          &actions, number, path, O_WRONLY | O_CREAT | O_APPEND, 0o600))
    case .capture:
      try check(unsafe posix_spawn_file_actions_adddup2(&actions, pipe, number))
    }
  }

  /// -1 where nothing is captured.
  private func writingEnds() -> (output: Int32, errors: Int32) {
    (outputPipe?.writing.raw ?? -1, errorPipe?.writing.raw ?? -1)
  }

  private func prepare(_ attributes: inout posix_spawnattr_t) throws(SystemError) {
    var none = sigset_t()
    unsafe sigemptyset(&none)
    var all = sigset_t()
    unsafe sigfillset(&all)
    try check(unsafe posix_spawnattr_setsigmask(&attributes, &none))
    try check(unsafe posix_spawnattr_setsigdefault(&attributes, &all))
    try check(unsafe posix_spawnattr_setpgroup(&attributes, 0))
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
    try check(unsafe posix_spawnattr_setflags(&attributes, Int16(flags)))
  }

  private func check(_ code: Int32) throws(SystemError) {
    guard code == 0 else { throw SystemError(errno: code, operation: "prepare a child process") }
  }
}

/// A null-terminated array of C strings for `execve(2)`.
@safe struct CStrings: ~Copyable {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  /// - Throws: `EINVAL` for a string with a zero byte, which would be cut there.
  init(_ strings: [String]) throws(SystemError) {
    guard !strings.contains(where: { $0.utf8.contains(0) }) else {
      throw SystemError(errno: EINVAL, operation: "pass a zero byte to a child process")
    }
    count = strings.count
    unsafe pointers = .allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() {
      unsafe (pointers + index).initialize(to: strdup(string))
    }
    unsafe (pointers + count).initialize(to: nil)
  }

  deinit {
    for index in 0..<count { unsafe free(pointers[index]) }
    unsafe pointers.deallocate()
  }
}
