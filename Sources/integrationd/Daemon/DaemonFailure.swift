/// Why the program cannot go on, in words for the operator. Holds no secret.
struct DaemonFailure: Error, CustomStringConvertible {
  let status: ExitStatus
  let description: String

  init(_ status: ExitStatus, _ description: String) {
    self.status = status
    self.description = description
  }
}
