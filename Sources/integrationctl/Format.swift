import IntegrationClient
import ProtobufC

/// How values look in a terminal: UTC, to the second, `-` where there is none.
enum Format {
  static func time(_ timestamp: ProtoTimestamp?) -> String {
    guard let timestamp else { return "-" }
    do {
      let quoted = try JSON.text(of: ProtoTimestamp(seconds: timestamp.seconds))
      return quoted.replacing("\"", with: "").replacing("T", with: " ")
    } catch {
      return "not a time: \(timestamp.seconds) s"
    }
  }

  /// As an option takes it, exact.
  static func rfc3339(_ timestamp: ProtoTimestamp) -> String {
    do {
      return try JSON.text(of: timestamp).replacing("\"", with: "")
    } catch {
      return "not a time: \(timestamp.seconds) s"
    }
  }

  static func duration(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    switch milliseconds {
    case ..<1000: return "\(milliseconds) ms"
    case ..<60_000: return "\(decimal(Double(milliseconds) / 1000)) s"
    case ..<3_600_000: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400_000: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
    }
  }

  static func duration(_ duration: ProtoDuration?) -> String {
    guard let duration = duration?.duration else { return "-" }
    return Format.duration(duration)
  }

  static func limit(_ value: Int32) -> String { value < 0 ? "none" : String(value) }

  static func list(_ values: [String]) -> String {
    values.isEmpty ? "any" : values.joined(separator: ", ")
  }

  /// `ENVIRONMENT_PRODUCTION` reads `production`.
  static func name<E: ProtoEnum>(_ value: E) -> String {
    let all = E.descriptor.values
    guard let name = all.first(where: { $0.number == value.rawValue })?.name else {
      return String(value.rawValue)
    }
    return name.dropFirst(commonPrefix(all.map(\.name)).count).lowercased()
  }

  /// As ``name(_:)``, spelt as an option is: `pending-retry`.
  static func word<E: ProtoEnum>(_ value: E) -> String {
    name(value).replacing("_", with: "-")
  }

  /// A phase of an attempt; nil for one that did not take place.
  static func phase(_ span: ProtoDuration?) -> String? {
    guard let duration = span?.duration, duration > .zero else { return nil }
    return duration < .milliseconds(1) ? "<1 ms" : Format.duration(duration)
  }

  static func size(_ bytes: Int) -> String {
    switch bytes {
    case ..<1024: "\(bytes) B"
    case ..<1_048_576: "\(decimal(Double(bytes) / 1024)) KiB"
    default: "\(decimal(Double(bytes) / 1_048_576)) MiB"
    }
  }

  static func deliveries(_ count: some BinaryInteger) -> String {
    count == 1 ? "1 delivery" : "\(count) deliveries"
  }

  /// At most so many characters, the last one `…` when there were more.
  static func cut(_ text: String, to length: Int) -> String {
    text.count <= length ? text : text.prefix(length - 1) + "…"
  }

  /// The choices of an enum as the command line spells them, without its unspecified one.
  static func names<E: ProtoEnum>(of type: E.Type) -> [String] {
    E.descriptor.values.filter { $0.number != 0 }.map { word(E(rawValue: $0.number)) }
  }

  private static func decimal(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }

  /// The words, each with its underscore, that all names begin with.
  private static func commonPrefix(_ names: [String]) -> String {
    guard let first = names.first else { return "" }
    var prefix = ""
    for word in first.split(separator: "_") {
      let longer = prefix + word + "_"
      guard names.allSatisfy({ $0.hasPrefix(longer) }) else { break }
      prefix = longer
    }
    return prefix
  }
}
