import Reactor
import TTRPCServer
import Testing

@Suite("Patience")
struct ProgressTests {
  private let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)
  private var limits = ServerLimits()

  private func after(_ seconds: Double) -> MonotonicInstant {
    start.advanced(by: .seconds(seconds))
  }

  @Test("a header has ten seconds from its first byte, however its bytes drip")
  func header() {
    var progress = Progress(now: start)
    for second in stride(from: 0.0, to: 9, by: 1) {
      progress.heard(at: after(second))
      progress.headerPending(at: after(second))
    }
    #expect(progress.fault(at: after(9.9), limits, isIdle: true) == nil)
    #expect(progress.fault(at: after(10), limits, isIdle: true) == .slowHeader)
    progress.frameEnded()
    #expect(progress.fault(at: after(10), limits, isIdle: true) == nil)
  }

  @Test("data has ten seconds of grace and one for each 64 KiB")
  func body() {
    var progress = Progress(now: start)
    progress.headerPending(at: start)
    progress.bodyPending(length: 4 << 20, at: after(5))
    #expect(progress.fault(at: after(73.9), limits, isIdle: true) == nil)
    #expect(progress.fault(at: after(74), limits, isIdle: true) == .slowBody)
    var short = Progress(now: start)
    short.bodyPending(length: 1, at: start)
    #expect(short.fault(at: after(10.1), limits, isIdle: true) == .slowBody)
  }

  @Test("while the server does not read no clock runs, and then all of them begin again")
  func paused() {
    var progress = Progress(now: start)
    progress.headerPending(at: start)
    progress.pause()
    #expect(progress.fault(at: after(1_000), limits, isIdle: false) == nil)
    progress.resume(at: after(1_000))
    #expect(progress.fault(at: after(1_009.9), limits, isIdle: false) == nil)
    #expect(progress.fault(at: after(1_010), limits, isIdle: false) == .slowHeader)
    // The same for the data of a frame that is being skipped, which nobody shows again.
    var skipping = Progress(now: start)
    skipping.frameRefused(length: 64 << 10, at: start)
    skipping.pause()
    skipping.resume(at: after(100))
    #expect(skipping.fault(at: after(110.9), limits, isIdle: false) == nil)
    #expect(skipping.fault(at: after(111), limits, isIdle: false) == .slowBody)
    skipping.frameEnded()
    skipping.headerPending(at: after(111))
    #expect(skipping.fault(at: after(120.9), limits, isIdle: false) == nil)
  }

  @Test("five minutes of silence are idle, unless something runs or is being sent")
  func idle() {
    var progress = Progress(now: start)
    #expect(progress.fault(at: after(299), limits, isIdle: true) == nil)
    #expect(progress.fault(at: after(300), limits, isIdle: true) == .idle)
    #expect(progress.fault(at: after(300), limits, isIdle: false) == nil)
    progress.observe(unsentBytes: 1, totalSent: 5, at: after(299))
    #expect(progress.fault(at: after(300), limits, isIdle: true) == nil)
    progress.heard(at: after(300))
    progress.observe(unsentBytes: 0, totalSent: 6, at: after(300))
    #expect(progress.fault(at: after(599), limits, isIdle: true) == nil)
  }

  @Test("a client may take its time as long as it takes something")
  func outbound() {
    var progress = Progress(now: start)
    progress.observe(unsentBytes: 100, totalSent: 0, at: after(1))
    progress.observe(unsentBytes: 900, totalSent: 50, at: after(25))
    #expect(progress.fault(at: after(54), limits, isIdle: false) == nil)
    progress.observe(unsentBytes: 900, totalSent: 50, at: after(54))
    #expect(progress.fault(at: after(55), limits, isIdle: false) == .outboundStall)
    progress.observe(unsentBytes: 0, totalSent: 950, at: after(56))
    #expect(progress.fault(at: after(1_000), limits, isIdle: false) == nil)
  }

  @Test("whether a client takes answers is told from one look to the next")
  func takesAnswers() {
    var progress = Progress(now: start)
    let looks = [(100, 0), (100, 5), (50, 5), (0, 55), (0, 55)] as [(Int, UInt64)]
    let taken = looks.enumerated().map { number, look in
      progress.observe(
        unsentBytes: look.0, totalSent: look.1, at: after(Double(number)))
    }
    #expect(taken == [false, true, false, true, false])
  }
}
