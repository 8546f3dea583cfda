/// What is wrong with a settings file, and where.
///
/// Printed as `FILE:LINE: MESSAGE`, so that editors jump to it. The message never holds a value of
/// the file, only names: a settings file may hold a password.
package struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file, as it was named to us.
  package let file: String
  /// Line of the fault, from 1. Nil when the file as a whole is at fault.
  package let line: Int?
  /// What is wrong, for the person who wrote the file.
  package let message: String

  package init(file: String, line: Int? = nil, _ message: String) {
    self.file = file
    self.line = line
    self.message = message
  }

  package var description: String {
    guard let line else { return "\(file): \(message)" }
    return "\(file):\(line): \(message)"
  }
}
