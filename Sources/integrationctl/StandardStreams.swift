import Foundation

/// Writes a line to standard error.
func writeError(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}

/// Prints a line past the buffer, so that a reader of a pipe sees it at once.
func printAtOnce(_ line: String) {
  FileHandle.standardOutput.write(Data((line + "\n").utf8))
}

/// Whether nobody pipes anything in.
var standardInputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

/// All of standard input.
func readStandardInput() -> String {
  String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
}
