import ArgumentParser
import IntegrationClient
import ProtobufC

/// A span of time as people write it: `90s`, `15m`, `12h`, `7d`.
struct Span: ExpressibleByArgument {
  let duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    guard let unit = argument.last, let count = Int64(argument.dropLast()), count >= 0,
      count <= 100_000_000
    else { return nil }
    switch unit {
    case "s": duration = .seconds(count)
    case "m": duration = .seconds(count * 60)
    case "h": duration = .seconds(count * 3600)
    case "d": duration = .seconds(count * 86_400)
    default: return nil
    }
  }

  var defaultValueDescription: String { "0s" }
}

/// A point in time: RFC 3339, or a span counted from now.
enum Moment: ExpressibleByArgument {
  case at(ProtoTimestamp)
  case fromNow(Duration)

  init?(argument: String) {
    if let span = Span(argument: argument) {
      self = .fromNow(span.duration)
      return
    }
    do {
      self = .at(try ProtoTimestamp(jsonUTF8: Array("\"\(argument)\"".utf8)))
    } catch {
      return nil
    }
  }

  /// The moment, a span counted forwards.
  var timestamp: ProtoTimestamp { resolved(sign: 1) }
  /// The moment, a span counted backwards.
  var past: ProtoTimestamp { resolved(sign: -1) }

  private func resolved(sign: Int64) -> ProtoTimestamp {
    switch self {
    case .at(let timestamp): return timestamp
    case .fromNow(let duration):
      // To the second: somebody may have to type it.
      return ProtoTimestamp(
        seconds: ProtoTimestamp.now.seconds + sign * duration.components.seconds)
    }
  }
}

extension Moment? {
  /// What `option` has to be when the command is repeated: `time`, if this counted from now.
  func settled(_ option: String, at time: ProtoTimestamp?) -> [String] {
    guard case .fromNow? = self, let time else { return [] }
    return [option, Format.rfc3339(time)]
  }
}
