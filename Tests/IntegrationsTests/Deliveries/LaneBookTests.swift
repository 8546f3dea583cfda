import Foundation
import Integrations
import Testing

@Suite("lanes take turns")
struct LaneBookTests {
  private static func lane(_ number: Int) -> WebhookLane {
    WebhookLane(tenant: TenantID(UUID()), webhook: WebhookID(UUID()))
  }

  @Test("a lane begins with two, and each success doubles that up to sixteen")
  func grows() {
    var book = LaneBook(room: 1000)
    let lane = Self.lane(1)
    var caps: [Int] = []
    for _ in 0..<6 {
      book.wake(lane)
      let taken = book.take(atMost: 100)
      let count = taken.first?.count ?? 0
      caps.append(count)
      for quota in taken { book.claimed(quota.count, of: quota) }
      for _ in 0..<count { book.finished(lane, receiverAnswered: true) }
    }
    #expect(caps == [2, 8, 16, 16, 16, 16])
    #expect(book.inFlight == 0)
  }

  @Test("a lane that fails is set back to one")
  func shrinks() {
    var book = LaneBook(room: 1000)
    let lane = Self.lane(1)
    book.wake(lane)
    for quota in book.take(atMost: 100) { book.claimed(quota.count, of: quota) }
    book.finished(lane, receiverAnswered: true)
    book.finished(lane, receiverAnswered: false)
    book.wake(lane)
    #expect(book.take(atMost: 100).map(\.count) == [1])
  }

  @Test("room is shared evenly, whoever has more to do")
  func fair() {
    var book = LaneBook(room: 6)
    let lanes = (0..<3).map(Self.lane)
    for lane in lanes { book.wake(lane) }
    let taken = book.take(atMost: 100)
    #expect(taken.map(\.count) == [2, 2, 2])
    #expect(Set(taken.map(\.lane)) == Set(lanes))
    #expect(book.inFlight == 6 && book.take(atMost: 100).isEmpty)
  }

  @Test("lanes that fail take at most half of the room, and one that answers is served")
  func failing() {
    var book = LaneBook(room: 8)
    let dead = (0..<20).map(Self.lane)
    for lane in dead {
      book.wake(lane)
      for quota in book.take(atMost: 1) { book.claimed(quota.count, of: quota) }
      book.finished(lane, receiverAnswered: false)
    }
    for lane in dead { book.wake(lane) }
    #expect(book.take(atMost: 100).reduce(0) { $0 + $1.count } == 4)
    let alive = Self.lane(99)
    book.wake(alive)
    #expect(book.take(atMost: 100).contains { $0.lane == alive })
  }

  @Test("a claim that got less than its quota says that there is no more")
  func empty() {
    var book = LaneBook(room: 100)
    let lane = Self.lane(1)
    book.wake(lane)
    let quota = book.take(atMost: 100)[0]
    book.claimed(0, of: quota)
    #expect(book.inFlight == 0 && book.take(atMost: 100).isEmpty)
    book.wake(lane)
    #expect(!book.take(atMost: 100).isEmpty)
  }

  @Test("what wakes while its claim is on its way is not forgotten")
  func wokenMeanwhile() {
    var book = LaneBook(room: 100)
    let lane = Self.lane(1)
    book.wake(lane)
    let quota = book.take(atMost: 100)[0]
    book.wake(lane)
    book.claimed(0, of: quota)
    #expect(!book.take(atMost: 100).isEmpty)
  }

  @Test("whatever happens, the counts add up and no lane is starved", arguments: 0..<50)
  func property(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    var book = LaneBook(room: 20)
    let lanes = (0..<10).map(Self.lane)
    var owed = Dictionary(
      uniqueKeysWithValues: lanes.map { ($0, Int.random(in: 0...30, using: &random)) })
    var flying: [WebhookLane] = []
    for lane in lanes { book.wake(lane) }
    var steps = 0
    while owed.values.contains(where: { $0 > 0 }) || !flying.isEmpty {
      steps += 1
      guard steps < 10_000 else {
        Issue.record("a lane is starved")
        return
      }
      let quotas = book.take(atMost: Int.random(in: 1...12, using: &random))
      for quota in quotas {
        let got = min(quota.count, owed[quota.lane] ?? 0)
        owed[quota.lane, default: 0] -= got
        flying += Array(repeating: quota.lane, count: got)
        book.claimed(got, of: quota)
      }
      #expect(book.inFlight == flying.count && flying.count <= 20)
      flying.shuffle(using: &random)
      for _ in 0..<min(flying.count, Int.random(in: 1...4, using: &random)) {
        let lane = flying.removeLast()
        book.finished(
          lane, receiverAnswered: [true, false, nil].randomElement(using: &random) ?? nil)
      }
    }
    #expect(book.inFlight == 0)
  }
}
