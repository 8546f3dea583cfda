import TTRPC
import Testing

@Suite("Message queues")
struct MessageQueueTests {
  private let queue = MessageQueue<Int>(bound: .init(messages: 4, bytes: 100)) {}
  private let broken = RPCError(.cancelled, "broken")

  private func fill(_ elements: Range<Int>) {
    for element in elements { _ = queue.push(element, byteCount: 1) }
  }

  @Test("a failure that drops elements is the end, even behind a finish")
  func failureBehindFinish() async throws {
    fill(0..<3)
    queue.finish()
    #expect(try await queue.next() == 0)
    queue.fail(broken)
    #expect(await rpcError { try await queue.next() } == broken)
    #expect(await rpcError { try await queue.next() } == broken)
    #expect(queue.byteCount == 0 && !queue.isFull)
  }

  @Test("a failure after everything was taken changes nothing about a finish")
  func failureAfterAll() async throws {
    fill(0..<1)
    queue.finish()
    #expect(try await queue.next() == 0)
    queue.fail(broken)
    #expect(try await queue.next() == nil)
  }

  @Test("an error behind the elements comes after them, and stays when they are dropped")
  func failureBehindElements() async throws {
    fill(0..<2)
    queue.finish(throwing: RPCError(.outOfRange, "first"))
    queue.finish()
    #expect(try await queue.next() == 0)
    #expect(try await queue.next() == 1)
    #expect(await rpcError { try await queue.next() }.code == .outOfRange)
    queue.fail(broken)
    #expect(await rpcError { try await queue.next() }.code == .outOfRange)
  }

  @Test("what comes after the end is ignored")
  func afterTheEnd() async throws {
    queue.finish()
    #expect(!queue.push(1, byteCount: 1_000))
    #expect(try await queue.next() == nil)
  }

  @Test("a failure reaches who waits")
  func waiting() async throws {
    let consumer = Task { await rpcError { try await queue.next() } }
    queue.fail(broken)
    #expect(await consumer.value == broken)
  }

  @Test("full is full until half is taken")
  func bounds() async throws {
    fill(0..<3)
    #expect(!queue.isFull)
    #expect(queue.push(3, byteCount: 1))
    #expect(try await queue.next() == 0)
    #expect(queue.isFull)
    #expect(try await queue.next() == 1)
    #expect(!queue.isFull && queue.takenCount == 2)
  }
}
