import IntegrationAPI
import Integrations
import Logging
import Reactor
import Synchronization
import TTRPC
import Testing

@Suite("Access control")
struct AccessControlTests {
  private let lines = LogLines()
  private let method = MethodName(service: "integration.v1.TenantService", method: "CreateTenant")
  private let peer = PeerCredentials(userID: 1001, groupID: 1001, processID: 7)

  private func control(_ principal: Principal?) -> AccessControl {
    AccessControl(policy: policy(principal), denials: DenialLog(logger: lines.logger))
  }

  private func policy(_ principal: Principal?) -> AccessPolicy {
    AccessPolicy(
      entries: principal.map { [AccessPolicy.Entry(uid: 1001, gid: nil, principal: $0)] } ?? [])
  }

  private func isAllowed(
    _ control: AccessControl, _ admitted: AdmittedPeer?, _ method: MethodName? = nil
  ) -> Bool {
    do throws(RPCError) {
      try control.authorize(method ?? self.method, peer: peer, principal: admitted)
      return true
    } catch {
      #expect(error.code == .permissionDenied)
      return false
    }
  }

  @Test("every method of the contract is in the table, and no other")
  func table() {
    let contract = ServiceCatalogue.all.flatMap(\.methods).map(\.name.description)
    #expect(Set(contract) == Set(MethodAccess.table.keys))
  }

  @Test("what the policy allows passes, with or without a remembered connection")
  func allowed() {
    let control = control(Principal(name: "a", roles: [.admin]))
    let admitted = control.admit(peer)
    for _ in 0..<3 { #expect(isAllowed(control, admitted)) }
    #expect(isAllowed(control, nil))
    #expect(lines.all == [])
  }

  @Test("a denial names caller and method, and is logged once for both")
  func denied() {
    let control = control(Principal(name: "reader", roles: [.read]))
    let admitted = control.admit(peer)
    #expect(!isAllowed(control, admitted))
    #expect(!isAllowed(control, admitted))
    #expect(!isAllowed(control, control.admit(peer)))
    #expect(lines.all.count == 1)
    #expect(lines.all.first?.contains("reader") == true)
    #expect(lines.all.first?.contains(method.description) == true)
    let other = MethodName(service: method.service, method: "SuspendTenant")
    #expect(!isAllowed(control, admitted, other))
    #expect(lines.all.count == 2)
  }

  @Test("a process the policy does not know is denied everything, and logged by its user id")
  func unknown() {
    let control = control(nil)
    #expect(!isAllowed(control, control.admit(peer)))
    #expect(
      !isAllowed(
        control, control.admit(peer),
        MethodName(service: "grpc.health.v1.Health", method: "Check")))
    #expect(lines.all.allSatisfy { $0.contains("uid 1001") })
  }

  @Test("another policy binds open connections, both ways")
  func replaced() {
    let control = control(Principal(name: "a", roles: [.admin]))
    let admitted = control.admit(peer)
    #expect(isAllowed(control, admitted))
    control.replace(with: policy(nil))
    #expect(!isAllowed(control, admitted))
    control.replace(with: policy(Principal(name: "b", roles: [.admin])))
    #expect(isAllowed(control, admitted))
  }

  @Test("methods beyond those a connection remembers are decided all the same")
  func manyMethods() {
    let control = control(Principal(name: "a", roles: [.admin]))
    let admitted = control.admit(peer)
    for round in 0..<2 {
      for number in 0..<40 {
        #expect(
          isAllowed(control, admitted, MethodName(service: "s", method: "m\(number)")), "\(round)")
      }
    }
  }

  @Test("a caller that invents methods fills no memory, at worst the log")
  func flood() {
    let control = control(Principal(name: "reader", roles: [.read]))
    for number in 0..<3000 {
      #expect(!isAllowed(control, nil, MethodName(service: "s", method: "m\(number)")))
    }
    #expect(lines.all.count == 3000)
  }
}

/// Keeps what is logged.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

  private struct Handler: LogHandler {
    let lines: LogLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let details = event.metadata.map { " \($0)" } ?? ""
      lines.lines.withLock { $0.append("\(event.message)\(details)") }
    }
  }
}
