import Glibc
import Reactor
import Testing

@Suite struct HostTests {
  @Test("accounts are found by name, and unknown ones are not")
  func accounts() {
    #expect(Accounts.effectiveUserID == geteuid())
    #expect(Accounts.userID(of: "root") == 0)
    #expect(Accounts.groupID(of: "root") == 0)
    #expect(Accounts.userID(of: "no-such-user") == nil)
    #expect(Accounts.groupID(of: "no-such-group") == nil)
  }

  @Test("a standard stream takes what its reader has room for, and does not wait for more")
  func standardStream() async {
    await #expect(processExitsWith: .exitCode(7)) {
      try Signal.ignoreBrokenPipes()
      var ends: [Int32] = [-1, -1]
      guard pipe(&ends) == 0, dup2(ends[1], 2) == 2 else { exit(1) }
      guard StandardStream.error.write("hello"), StandardStream.error.write("") else { exit(2) }
      var buffer = [UInt8](repeating: 0, count: 5)
      guard read(ends[0], &buffer, 5) == 5, buffer == Array("hello".utf8) else { exit(3) }
      guard !StandardStream.error.write(String(repeating: "x", count: 1 << 20)) else { exit(4) }
      close(ends[0])
      close(ends[1])
      guard !StandardStream.error.write("nobody reads") else { exit(5) }
      exit(7)
    }
  }

  @Test("a protected process leaves no core and cannot be looked into")
  func memoryProtection() async {
    await #expect(processExitsWith: .success) {
      try MemoryProtection.enable()
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
      #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
      // The kernel gives the files of such a process to root.
      var status = stat()
      #expect(stat("/proc/self/mem", &status) == 0)
      #expect(status.st_uid == 0)
    }
  }

  @Test("credentials can be made by hand")
  func credentials() {
    let peer = PeerCredentials(userID: 1, groupID: 2, processID: 3, supplementaryGroups: [4])
    #expect(peer.supplementaryGroups == [4])
    #expect(PeerCredentials(userID: 1, groupID: 2, processID: 3) != peer)
  }
}
