import IntegrationClient
import Testing

@Suite struct DefaultSocketTests {
  @Test("the environment names the socket before anything else")
  func environment() {
    let path = IntegrationClient.defaultSocket(
      environment: ["INTEGRATIOND_SOCKET": "/somewhere/d.sock", "XDG_RUNTIME_DIR": "/run/user/7"],
      isRoot: false, exists: { _ in true })
    #expect(path == "/somewhere/d.sock")
  }

  @Test(
    "a user's own daemon is found where it puts its socket",
    arguments: [
      (["XDG_RUNTIME_DIR": "/run/user/7"], "/run/user/7/integrationd/integrationd.sock"),
      (["XDG_STATE_HOME": "/state"], "/state/integrationd/integrationd.sock"),
      (["HOME": "/home/ada"], "/home/ada/.local/state/integrationd/integrationd.sock"),
      (
        ["XDG_RUNTIME_DIR": "relative", "HOME": "/home/ada"],
        "/home/ada/.local/state/integrationd/integrationd.sock"
      ),
    ])
  func own(environment: [String: String], expected: String) {
    let path = IntegrationClient.defaultSocket(
      environment: environment, isRoot: false, exists: { $0 == expected })
    #expect(path == expected)
  }

  @Test("the system's daemon is asked when a user has none, and always by root")
  func system() {
    let system = "/run/integrationd/integrationd.sock"
    #expect(
      IntegrationClient.defaultSocket(
        environment: ["HOME": "/home/ada"], isRoot: false, exists: { _ in false }) == system)
    #expect(
      IntegrationClient.defaultSocket(
        environment: ["HOME": "/root"], isRoot: true, exists: { _ in true }) == system)
    #expect(
      IntegrationClient.defaultSocket(environment: [:], isRoot: false, exists: { _ in true })
        == system)
  }

  @Test("an empty variable counts as none")
  func empty() {
    let path = IntegrationClient.defaultSocket(
      environment: ["INTEGRATIOND_SOCKET": ""], isRoot: true, exists: { _ in false })
    #expect(path == "/run/integrationd/integrationd.sock")
  }
}
