import Reactor
import TTRPC
import TTRPCServer
import Testing

@Suite("Configuration of a server")
struct ConfigurationTests {
  private func refusal(_ admission: Admission) -> RPCError? {
    guard case .refused(let error) = admission else { return nil }
    return error
  }

  @Test("the overflow user is always refused, everybody else is the hook's (C9)")
  func overflowUser() {
    var configuration = ServerConfiguration(path: "/nowhere")
    for user in [0, 1_000, 65_533, 65_535, .max] as [UInt32] {
      let peer = PeerCredentials(userID: user, groupID: 0, processID: 1)
      #expect(refusal(configuration.admit(peer)) == nil)
    }
    let nobody = PeerCredentials(userID: 65_534, groupID: 0, processID: 1)
    #expect(refusal(configuration.admit(nobody))?.code == .permissionDenied)
    configuration.admission = { peer in
      peer.userID == 7 ? .admitted(principal: "seven") : .refused(RPCError(.unavailable, "later"))
    }
    #expect(refusal(configuration.admit(nobody))?.code == .permissionDenied)
    let eight = PeerCredentials(userID: 8, groupID: 0, processID: 1)
    #expect(refusal(configuration.admit(eight)) == RPCError(.unavailable, "later"))
    let seven = PeerCredentials(userID: 7, groupID: 0, processID: 1)
    guard case .admitted(let principal) = configuration.admit(seven) else {
      Issue.record("refused")
      return
    }
    #expect(principal as? String == "seven")
  }

  @Test(
    "connections are fitted into the descriptors of the process, shares in proportion",
    arguments: [
      (1 << 20, 16_384, 12_288), (16_896, 16_384, 12_288), (16_895, 16_383, 12_287),
      (4_096, 3_584, 2_688), (1_024, 512, 384), (100, 50, 37), (1, 1, 1), (0, 1, 1),
    ])
  func openFiles(openFiles: Int, connections: Int, perUser: Int) {
    var limits = ServerLimits()
    limits.fit(openFiles: openFiles)
    #expect(limits.maxConnections == connections)
    #expect(limits.maxConnectionsPerUser == perUser)
  }

  @Test("fitting never raises what was configured, and a share never exceeds the whole")
  func onlyLower() {
    var few = ServerLimits()
    few.maxConnections = 10
    few.maxConnectionsPerUser = 3
    few.fit(openFiles: 1 << 20)
    #expect(few.maxConnections == 10 && few.maxConnectionsPerUser == 3)
    var alone = ServerLimits()
    alone.maxConnections = 1_000
    alone.maxConnectionsPerUser = 5_000
    alone.fit(openFiles: 300, reserve: 100)
    #expect(alone.maxConnections == 200 && alone.maxConnectionsPerUser == 200)
  }
}
