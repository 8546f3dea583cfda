import ArgumentParser
import IntegrationClient

/// Between which moments to look.
struct TimeWindow: ParsableArguments {
  @Option(
    help: ArgumentHelp("First moment: RFC 3339, or a span ago such as 2h.", valueName: "when"))
  var since: Moment?
  @Option(help: ArgumentHelp("First moment after. Default: now.", valueName: "when"))
  var until: Moment?

  /// The moments themselves. Every page must be asked for with the same ones.
  struct Times: Equatable {
    var start: ProtoTimestamp?
    var end: ProtoTimestamp?

    /// The options that mean the same at any later time, each with a blank behind it.
    var arguments: String {
      get throws {
        let given = [("--since", start), ("--until", end)]
        return try given.reduce(into: "") { text, option in
          guard let moment = option.1 else { return }
          text += "\(option.0) \(try JSON.text(of: moment).replacing("\"", with: "")) "
        }
      }
    }
  }

  /// Spans counted backwards from now.
  func resolved() -> Times { Times(start: since?.past, end: until?.past) }
}
