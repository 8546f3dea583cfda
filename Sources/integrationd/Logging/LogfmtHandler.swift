internal import FoundationEssentials
internal import Logging

/// Writes log lines as logfmt: `time=... level=info logger=... msg="..." key=value`.
///
/// One line per event, whatever the message holds: control characters are escaped, tokens removed,
/// values cut at 4,096 characters.
struct LogfmtHandler: LogHandler {
  private static let maxValueLength = 4096

  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let write: @Sendable (String) -> Void

  /// - Parameter write: takes one line with its line feed.
  init(label: String, level: Logger.Level, write: @escaping @Sendable (String) -> Void) {
    self.label = label
    self.logLevel = level
    self.write = write
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
    if let given = event.metadata { all.merge(given) { _, new in new } }
    if let error = event.error { all["error"] = "\(error)" }
    write(
      Self.line(
        time: .now, level: event.level, label: label, message: event.message.description,
        metadata: all))
  }

  static func line(
    time: Date, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata
  ) -> String {
    let stamp = time.formatted(
      Date.ISO8601FormatStyle(includingFractionalSeconds: true, timeZone: .gmt))
    var line = "time=\(stamp) level=\(level.rawValue) logger=\(label) msg=\(value(message))"
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      line += " \(name(key))=\(self.value(value.description))"
    }
    return line + "\n"
  }

  private static func name(_ key: String) -> String {
    String(key.map { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." ? $0 : "_" })
  }

  private static func value(_ text: String) -> String {
    let text = SecretScrubber.scrub(String(text.prefix(maxValueLength)))
    let isPlain = text.utf8.allSatisfy {
      (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
        && $0 != UInt8(ascii: "\\")
    }
    guard !isPlain || text.isEmpty else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      default:
        if scalar.properties.generalCategory == .control
          || scalar.properties.generalCategory == .format
          || scalar.value == 0x2028 || scalar.value == 0x2029
        {
          quoted += "\\u{\(String(scalar.value, radix: 16))}"
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return quoted + "\""
  }
}
