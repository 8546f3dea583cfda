import Foundation

/// A server that is another program, and says on its standard output where it listens: on a line that
/// ends in a colon and the port. Ends with the object.
// SAFETY: the process is started by the initialiser and ended by `deinit`, and not touched between.
final class ServerProcess: @unchecked Sendable {
  let port: UInt16
  private let process: Process

  struct Failure: Error {
    let output: String
  }

  init(_ program: String, _ arguments: [String], mark: String) throws {
    process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = Pipe()
    process.standardError = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var text = ""
    while true {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else { throw Failure(output: text) }
      text += String(decoding: data, as: UTF8.self)
      for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      where line.hasPrefix(mark) {
        if let port = line.split(separator: ":").last.flatMap({ UInt16($0) }) {
          self.port = port
          return
        }
      }
    }
  }

  // Not terminate(): a child inherits the signals that the thread which starts it blocks.
  deinit { kill(process.processIdentifier, SIGKILL) }

  /// `openssl s_server`, which answers GET with a page about the handshake.
  static func openssl(
    _ certificates: Certificates, _ validity: Certificates.Validity = .now, _ more: [String] = []
  ) throws -> ServerProcess {
    let arguments = [
      "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", certificates.certificate(validity),
      "-key",
      certificates.key,
    ]
    return try ServerProcess(Certificates.opensslPath ?? "", arguments + more, mark: "ACCEPT")
  }
}
