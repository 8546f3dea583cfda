internal import FoundationEssentials
internal import Integrations

/// Everything that was given, from options, environment and file.
struct ConfigurationSources {
  private let options: [Setting: String]
  private let environment: [String: String]
  private let file: SettingsObject?

  /// Reads the configuration file, if one is named.
  /// - Throws: ``ConfigurationError`` when it cannot be read or is malformed.
  init(_ options: DaemonOptions, environment: [String: String]) throws(ConfigurationError) {
    let given: [(Setting, String?)] = [
      (.socket, options.socket), (.socketMode, options.socketMode),
      (.socketGroup, options.socketGroup), (.databaseURL, options.databaseURL),
      (.stateDirectory, options.stateDir), (.accessPolicy, options.accessPolicy),
      (.keyring, options.keyring), (.logLevel, options.logLevel),
      (.allowHTTP, options.allowHTTP ? "true" : nil),
      (.allowedAddresses, options.allowedAddresses), (.caFile, options.caFile),
      (.deliveryLeaseSeconds, options.deliveryLeaseSeconds),
      (.eventRetentionDays, options.eventRetentionDays),
    ]
    self.options = Dictionary(
      given.compactMap { setting, text in text.map { (setting, $0) } },
      uniquingKeysWith: { first, _ in first })
    self.environment = environment
    file = try (options.config ?? environment[Setting.fileVariable]).map(Self.read)
  }

  /// Variables that look like ours and are not: likely a slip of the pen.
  var unknownVariables: [String] {
    let known = Set(Setting.allCases.map(\.variable) + [Setting.fileVariable])
    return environment.keys.filter { $0.hasPrefix("INTEGRATIOND_") && !known.contains($0) }
      .sorted()
  }

  /// What was given for a setting: by option, else environment, else file. An empty text counts as
  /// given nowhere.
  func given(_ setting: Setting) throws(ConfigurationError) -> GivenSetting? {
    if let text = options[setting] { return nonEmpty(text, setting.option) }
    if let text = environment[setting.variable], !text.isEmpty {
      return GivenSetting(text: text, origin: setting.variable)
    }
    guard let file else { return nil }
    do throws(SettingsError) {
      let text =
        setting.isText ? try file.string(setting.rawValue) : try file.text(setting.rawValue)
      guard let text else { return nil }
      return nonEmpty(text, "\(file.file):\(file.line(of: setting.rawValue))")
    } catch {
      throw ConfigurationError(error.description)
    }
  }

  private func nonEmpty(_ text: String, _ origin: String) -> GivenSetting? {
    text.isEmpty ? nil : GivenSetting(text: text, origin: origin)
  }

  private static func read(_ path: String) throws(ConfigurationError) -> SettingsObject {
    let bytes = try ConfigurationFiles.read(path, maxBytes: SettingsParser.maxBytes)
    do throws(SettingsError) {
      return try SettingsObject(
        SettingsParser.parse(bytes, file: path), known: Setting.allCases.map(\.rawValue),
        file: path, noun: "a configuration")
    } catch {
      throw ConfigurationError(error.description)
    }
  }
}
