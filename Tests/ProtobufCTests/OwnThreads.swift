import Glibc
import Testing

private final class Work: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Runs `body` on as many threads of its own at the same time, and returns when they have ended.
func withOwnThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) throws {
  var threads: [pthread_t] = []
  for _ in 0..<count {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let status = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    try #require(status == 0)
    threads.append(thread)
  }
  for thread in threads { pthread_join(thread, nil) }
}
