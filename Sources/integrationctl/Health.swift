import ArgumentParser
import IntegrationClient
import ProtobufC

struct Health: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is healthy. Exits with 1 when something is not.")
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await connection.withClient { client, options in
      let report = try await client.health.getHealth(GetHealthRequest(), options: options)
      try connection.show(report, report)
      if !connection.json {
        try print("\n" + Component.table(report.components).text(ifEmpty: "no components"))
      }
      if report.state == .unhealthy { throw ExitStatus.refused }
    }
  }
}

extension GetHealthResponse: Presentable {
  var fields: [(name: String, value: String)] {
    [
      ("state", Format.name(state)), ("version", version),
      ("uptime", Format.duration(uptime)),
      ("connections", String(openConnections)), ("calls", String(callsInFlight)),
    ]
  }
}

extension Component {
  static func table(_ components: [Component]) -> Table {
    var table = Table("COMPONENT", "STATE", "SINCE", "MESSAGE")
    for component in components {
      table.add(
        component.name, Format.name(component.state), Format.time(component.since),
        component.message.isEmpty ? "-" : component.message)
    }
    return table
  }
}
