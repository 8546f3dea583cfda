#if canImport(Glibc)
  import Glibc
#endif

/// Writes a line to standard error.
func writeError(_ line: String) {
  fputs(line + "\n", stderr)
}

/// Prints a line that a reader of a pipe sees at once.
func printAtOnce(_ line: String) {
  print(line)
  fflush(nil)
}

/// Whether nobody pipes anything in.
var standardInputIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

/// All of standard input.
func readStandardInput() -> String {
  var lines: [String] = []
  while let line = readLine(strippingNewline: true) { lines.append(line) }
  return lines.joined(separator: "\n")
}
