import Foundation

/// A private authority and certificates of the host `good.test`, made with the `openssl` command.
struct Certificates: Sendable {
  static let opensslPath = [
    "/usr/bin/openssl", "/usr/local/bin/openssl", "/opt/homebrew/bin/openssl",
  ]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// Made once, for all tests.
  static let shared = Result { try Certificates() }

  let directory: URL
  var authority: String { directory.appending(path: "ca.pem").path }
  var key: String { directory.appending(path: "host.key").path }

  enum Validity: String, CaseIterable {
    case now, past, future

    var dates: (start: String, end: String) {
      switch self {
      case .now: ("20200101000000Z", "20991231000000Z")
      case .past: ("20200101000000Z", "20200201000000Z")
      case .future: ("20980101000000Z", "20991231000000Z")
      }
    }
  }

  /// A certificate of `good.test`.
  func certificate(_ validity: Validity) -> String {
    directory.appending(path: "\(validity.rawValue).pem").path
  }

  private init() throws {
    directory = FileManager.default.temporaryDirectory.appending(
      path: "outbound-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    atexit {
      guard case .success(let certificates) = Certificates.shared else { return }
      // Nothing depends on it: they are for this process only.
      try? FileManager.default.removeItem(at: certificates.directory)
    }
    let configuration = """
      [ca]
      default_ca = d
      [d]
      database = \(directory.path)/index.txt
      serial = \(directory.path)/serial
      new_certs_dir = \(directory.path)
      default_md = sha256
      policy = p
      unique_subject = no
      copy_extensions = copy
      [p]
      commonName = supplied
      """
    try Data(configuration.utf8).write(to: directory.appending(path: "ca.cnf"))
    try Data().write(to: directory.appending(path: "index.txt"))
    try Data("01\n".utf8).write(to: directory.appending(path: "serial"))
    let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    try run(
      ["req", "-x509"] + ec + [
        "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA",
      ])
    try run(
      ["req"] + ec + [
        "-keyout", "host.key", "-out", "host.csr", "-subj", "/CN=good.test", "-addext",
        "subjectAltName=DNS:good.test",
      ])
    for validity in Validity.allCases {
      try run([
        "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in",
        "host.csr", "-notext",
        "-out", "\(validity.rawValue).pem", "-startdate", validity.dates.start, "-enddate",
        validity.dates.end,
      ])
    }
  }

  struct Failure: Error {
    let command: [String]
  }

  private func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: Self.opensslPath ?? "")
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(command: arguments) }
  }
}
