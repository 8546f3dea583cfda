/// What is wrong with the configuration, in a sentence that names the setting and where it came
/// from. Never holds the value of a setting that may be secret.
struct ConfigurationError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
