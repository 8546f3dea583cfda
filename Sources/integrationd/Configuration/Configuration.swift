internal import FoundationEssentials
internal import Integrations
internal import Logging
internal import NetworkAddress
internal import PostgresClient

/// What the daemon was told, checked, with defaults filled in.
struct Configuration: Sendable {
  let socket: String
  let socketMode: UInt16
  let socketGroup: String?
  /// Nil: embedded PostgreSQL.
  let database: ConnectionString?
  let stateDirectory: String
  let accessPolicy: String?
  let keyring: String
  let logLevel: Logger.Level
  /// To whom webhooks may talk.
  let outbound: OutboundSettings
  /// How long an attempt to deliver may take.
  let deliveryLease: Duration
  /// How long events are kept.
  let eventRetention: Duration
  /// Things that are allowed but look like mistakes.
  let remarks: [String]

  /// - Throws: ``ConfigurationError``
  init(
    _ options: DaemonOptions, environment: [String: String], uid: UInt32
  ) throws(ConfigurationError) {
    let sources = try ConfigurationSources(options, environment: environment)
    let defaults = DefaultPaths(uid: uid, environment: environment)
    socket = try Self.path(.socket, sources, defaults?.socket)
    stateDirectory = try Self.path(.stateDirectory, sources, defaults?.stateDirectory)
    socketGroup = try sources.given(.socketGroup)?.text
    socketMode = try Self.mode(sources, hasGroup: socketGroup != nil)
    database = try Self.database(sources)
    accessPolicy = try Self.optionalPath(.accessPolicy, sources)
    keyring = try Self.path(.keyring, sources, stateDirectory + "/keyring.json")
    logLevel = try Self.level(sources)
    outbound = OutboundSettings(
      allowsHTTP: try Self.flag(.allowHTTP, sources),
      addresses: AddressPolicy(allowed: try Self.blocks(.allowedAddresses, sources)),
      caFile: try Self.readable(.caFile, sources))
    deliveryLease = .seconds(try Self.number(.deliveryLeaseSeconds, sources, 5...600) ?? 60)
    eventRetention = .seconds(
      86_400 * (try Self.number(.eventRetentionDays, sources, 1...3650) ?? 90))
    var remarks = sources.unknownVariables.map {
      "\($0) in the environment is not a setting of integrationd"
    }
    if accessPolicy != nil, socketMode & 0o066 == 0 {
      remarks.append(
        "the access policy may name other users, but the socket's permissions keep them out: see "
          + "--socket-mode and --socket-group")
    }
    self.remarks = remarks
  }

  private static func database(
    _ sources: ConfigurationSources
  ) throws(ConfigurationError) -> ConnectionString? {
    guard let given = try sources.given(.databaseURL) else { return nil }
    do throws(MalformedConnectionString) {
      return try ConnectionString(given.text)
    } catch {
      throw ConfigurationError("\(given.origin): \(error)")
    }
  }

  private static func path(
    _ setting: Setting, _ sources: ConfigurationSources, _ fallback: String?
  ) throws(ConfigurationError) -> String {
    if let path = try optionalPath(setting, sources) { return path }
    guard let fallback else {
      throw ConfigurationError(
        "\(setting.option) is needed: this user has no HOME to put it in by default")
    }
    return fallback
  }

  private static func optionalPath(
    _ setting: Setting, _ sources: ConfigurationSources
  ) throws(ConfigurationError) -> String? {
    guard let given = try sources.given(setting) else { return nil }
    guard !given.text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
      throw ConfigurationError("\(given.origin): the path holds control characters")
    }
    return given.text
  }

  /// The path of a file that is there and may be read.
  private static func readable(
    _ setting: Setting, _ sources: ConfigurationSources
  ) throws(ConfigurationError) -> String? {
    guard let path = try optionalPath(setting, sources) else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw ConfigurationError("\(setting.option): there is no file \(path) that can be read")
    }
    return path
  }

  private static func mode(
    _ sources: ConfigurationSources, hasGroup: Bool
  ) throws(ConfigurationError) -> UInt16 {
    guard let given = try sources.given(.socketMode) else { return hasGroup ? 0o660 : 0o600 }
    guard given.text.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
      let mode = UInt16(given.text, radix: 8), mode <= 0o777, mode & 0o600 == 0o600
    else {
      throw ConfigurationError(
        "\(given.origin): the socket mode must be octal, 0600 to 0777, with read and write for "
          + "the owner")
    }
    return mode
  }

  private static func flag(
    _ setting: Setting, _ sources: ConfigurationSources
  ) throws(ConfigurationError) -> Bool {
    guard let given = try sources.given(setting) else { return false }
    switch given.text {
    case "true": return true
    case "false": return false
    default: throw ConfigurationError("\(given.origin): must be true or false")
    }
  }

  private static func number(
    _ setting: Setting, _ sources: ConfigurationSources, _ range: ClosedRange<Int>
  ) throws(ConfigurationError) -> Int? {
    guard let given = try sources.given(setting) else { return nil }
    guard let number = Int(given.text), range.contains(number) else {
      throw ConfigurationError(
        "\(given.origin): must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  private static func blocks(
    _ setting: Setting, _ sources: ConfigurationSources
  ) throws(ConfigurationError) -> CIDRSet {
    guard let given = try sources.given(setting) else { return CIDRSet() }
    var blocks: [CIDRBlock] = []
    for text in given.text.split(separator: ",") {
      let text = text.trimmingPrefix(while: { $0 == " " })
      do throws(CIDRError) {
        blocks.append(try CIDRBlock(String(text)))
      } catch {
        throw ConfigurationError("\(given.origin): \"\(text)\" must be \(error)")
      }
    }
    return CIDRSet(blocks)
  }

  private static func level(
    _ sources: ConfigurationSources
  ) throws(ConfigurationError) -> Logger.Level {
    guard let given = try sources.given(.logLevel) else { return .info }
    guard let level = Logger.Level(rawValue: given.text) else {
      let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
      throw ConfigurationError("\(given.origin): the log level must be one of \(known)")
    }
    return level
  }
}
