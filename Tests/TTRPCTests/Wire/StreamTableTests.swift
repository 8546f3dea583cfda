import TTRPCServer
import Testing

@Suite("Streams of a connection")
struct StreamTableTests {
  private typealias Table = StreamTable<String>

  private func kind(_ verdict: Table.DataVerdict) -> String {
    switch verdict {
    case .deliver(let call, let ends): "deliver \(call)\(ends ? " end" : "")"
    case .drop: "drop"
    case .violation(_, let live): "violation \(live ?? "-")"
    }
  }

  private func kind(_ verdict: Table.RequestVerdict) -> String {
    switch verdict {
    case .accepted: "accepted"
    case .evenID: "even"
    case .notIncreasing(let live): "not increasing \(live ?? "-")"
    }
  }

  @Test("ids are odd and increase")
  func ids() {
    let table = Table()
    var verdict: String
    verdict = kind(table.receiveRequest(0))
    #expect(verdict == "even")
    verdict = kind(table.receiveRequest(2))
    #expect(verdict == "even")
    verdict = kind(table.receiveRequest(5))
    #expect(verdict == "accepted")
    verdict = kind(table.receiveRequest(5))
    #expect(verdict == "not increasing -")
    verdict = kind(table.receiveRequest(3))
    #expect(verdict == "not increasing -")
    table.insert(5, .unary("a"))
    verdict = kind(table.receiveRequest(5))
    #expect(verdict == "not increasing a")
    verdict = kind(table.receiveRequest(5))
    #expect(verdict == "not increasing -")
    #expect(!table.isExhausted)
    verdict = kind(table.receiveRequest(.max))
    #expect(verdict == "accepted")
    #expect(table.isExhausted)
  }

  @Test("data on a unary call ends it, once")
  func dataOnUnary() {
    let table = Table()
    var verdict: String
    var mustAnswer: Bool
    table.insert(1, .unary("a"))
    verdict = kind(table.receiveData(1, ends: false))
    #expect(verdict == "violation a")
    verdict = kind(table.receiveData(1, ends: false))
    #expect(verdict == "violation -")
    #expect(table.running == 1)
    mustAnswer = table.handlerReturned(1)
    #expect(!mustAnswer)
    #expect(table.running == 0)
  }

  @Test("a stream takes data until its client closes it")
  func streaming() {
    let table = Table()
    var verdict: String
    var mustAnswer: Bool
    table.insert(1, .receiving("a"))
    #expect(table.streaming == 1)
    verdict = kind(table.receiveData(1, ends: false))
    #expect(verdict == "deliver a")
    verdict = kind(table.receiveData(1, ends: true))
    #expect(verdict == "deliver a end")
    verdict = kind(table.receiveData(1, ends: false))
    #expect(verdict == "violation a")
    #expect(table.streaming == 0 && table.running == 1)
    mustAnswer = table.handlerReturned(1)
    #expect(!mustAnswer)
    verdict = kind(table.receiveData(9, ends: false))
    #expect(verdict == "violation -")
  }

  @Test("data on its way to a stream that was answered is dropped until the client closes it")
  func lingering() {
    let table = Table()
    var verdict: String
    var mustAnswer: Bool
    var abandoned: String?
    table.insert(1, .receiving("a"))
    mustAnswer = table.handlerReturned(1)
    #expect(mustAnswer)
    verdict = kind(table.receiveData(1, ends: false))
    #expect(verdict == "drop")
    verdict = kind(table.receiveData(1, ends: true))
    #expect(verdict == "drop")
    verdict = kind(table.receiveData(1, ends: false))
    #expect(verdict == "violation -")
    table.insert(3, .receiving("b"))
    abandoned = table.abandon(3)
    #expect(abandoned == "b")
    abandoned = table.abandon(3)
    #expect(abandoned == nil)
    verdict = kind(table.receiveData(3, ends: false))
    #expect(verdict == "drop")
    mustAnswer = table.handlerReturned(3)
    #expect(!mustAnswer)
    verdict = kind(table.receiveData(3, ends: true))
    #expect(verdict == "drop")
    table.insert(5, .receiving("c"))
    _ = table.abandon(5)
    verdict = kind(table.receiveData(5, ends: true))
    #expect(verdict == "drop")
    verdict = kind(table.receiveData(5, ends: true))
    #expect(verdict == "violation -")
    mustAnswer = table.handlerReturned(5)
    #expect(!mustAnswer)
    #expect(table.running == 0)
  }

  @Test("only so many answered streams are remembered")
  func lingeringIsBounded() {
    let table = Table()
    var verdict: String
    for id in stride(from: UInt32(1), through: 1001, by: 2) { table.linger(id) }
    verdict = kind(table.receiveData(1, ends: false))
    #expect(verdict == "violation -")
    verdict = kind(table.receiveData(1001, ends: false))
    #expect(verdict == "drop")
    verdict = kind(table.receiveData(1001 - 2 * 127, ends: false))
    #expect(verdict == "drop")
    verdict = kind(table.receiveData(1001 - 2 * 128, ends: false))
    #expect(verdict == "violation -")
  }

  @Test("counts agree with the table whatever happens", arguments: 0..<50 as Range<UInt64>)
  func counts(seed: UInt64) {
    var dice = Dice(seed)
    let table = Table()
    var next: UInt32 = 1
    for _ in 0..<400 {
      let id = UInt32.random(in: 0...next, using: &dice)
      switch dice.next() % 7 {
      case 0, 1:
        if case .accepted = table.receiveRequest(next) {
          let call = "call \(next)"
          table.insert(next, dice.next() % 2 == 0 ? .unary(call) : .receiving(call))
        }
        next += 2
      case 2: _ = table.receiveData(id, ends: dice.next() % 3 == 0)
      case 3: _ = table.abandon(id)
      case 4: _ = table.receiveRequest(id)
      case 5: _ = table.handlerReturned(id)
      default: table.linger(next + 1000)
      }
      #expect(table.running == table.calls.count)
      let streaming = table.calls.filter { id, _ in
        switch table[id] {
        case .receiving, .replying: true
        default: false
        }
      }
      #expect(table.streaming == streaming.count)
    }
  }
}
