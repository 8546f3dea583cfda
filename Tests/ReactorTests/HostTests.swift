import Foundation
import Testing

@testable import Reactor

@Suite("The host")
struct HostTests {
  @Test("accounts are found by name")
  func accounts() {
    #expect(Accounts.userID(of: "root") == 0)
    #expect(Accounts.groupID(of: "root") == 0)
    #expect(Accounts.userID(of: "no such user") == nil)
    #expect(Accounts.groupID(of: "no such group") == nil)
    #expect(Accounts.effectiveUserID == UInt32(geteuid()))
  }

  @Test("a text is written whole while somebody reads, and left when a full pipe is read by nobody")
  func pipe() throws {
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    let text = String(repeating: "line\n", count: 2000)
    #expect(StandardStream.write(text, to: descriptor))
    #expect(try pipe.fileHandleForReading.read(upToCount: 10_000) == Data(text.utf8))
    var written = 0
    while StandardStream.write(text, to: descriptor) { written += 1 }
    #expect(written > 0)
    #expect(!StandardStream.write("more\n", to: descriptor))
  }
}
