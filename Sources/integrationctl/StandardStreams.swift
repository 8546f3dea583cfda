import ArgumentParser
import Foundation

/// Writes a line to standard error.
func writeError(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}

/// Prints a line past any buffer, so that a reader of a pipe sees it at once, and a full disk is noticed.
/// Stands before Swift's own, which tells nobody.
/// - Throws: ``ExitStatus/unwritten``, having told why.
func print(_ line: String) throws(ExitCode) {
  do {
    try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
  } catch {
    writeError("error: standard output cannot be written: \(error.localizedDescription)")
    throw ExitStatus.unwritten
  }
}

/// Whether nobody pipes anything in.
var standardInputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

/// All of standard input.
func readStandardInput() -> String {
  String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
}
