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
}
