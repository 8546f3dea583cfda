import ArgumentParser
import Foundation

/// What commands read besides their arguments.
enum InputBytes {
  /// All of a file; of standard input for `-`.
  static func of(file path: String) throws -> [UInt8] {
    guard path != "-" else { return standardInput() }
    do {
      return Array(try Data(contentsOf: URL(filePath: path)))
    } catch {
      throw ValidationError("\(path) cannot be read: \(error.localizedDescription)")
    }
  }

  static func standardInput() -> [UInt8] {
    Array(FileHandle.standardInput.readDataToEndOfFile())
  }

  /// A secret: the first line of standard input, where no other process can see it.
  static func secret(_ what: String) throws -> String {
    if standardInputIsTerminal { writeError("\(what), which is shown as you type:") }
    guard let line = readLine(), !line.isEmpty else {
      throw ValidationError("standard input holds no \(what)")
    }
    return line
  }
}
