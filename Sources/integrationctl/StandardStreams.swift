import Foundation
import Synchronization

/// Writes a line to standard error.
func writeError(_ line: String) {
  FileHandle.standardError.write(Data((line + "\n").utf8))
}

/// Why a line could not be printed, the first time.
private let printFailure = Mutex<(any Error)?>(nil)

/// Prints a line past any buffer, so that a reader of a pipe sees it at once, and a full disk is noticed
/// (``checkPrinted()``).
func print(_ line: String) {
  do {
    try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
  } catch {
    printFailure.withLock { $0 = $0 ?? error }
  }
}

/// - Throws: when something that was printed was not written.
func checkPrinted() throws {
  if let error = printFailure.withLock({ $0 }) { throw error }
}

/// Whether nobody pipes anything in.
var standardInputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

/// All of standard input.
func readStandardInput() -> String {
  String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self)
}
