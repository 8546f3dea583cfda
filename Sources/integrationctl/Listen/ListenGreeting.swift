import Foundation

/// What `webhooks listen` says first: where it is, and how to point a webhook at it.
struct ListenGreeting {
  let url: String
  /// The addresses that the daemon must be allowed to talk to.
  let block: String
  let profile: SignatureScheme
  let signatureHeader: String?
  let secretFile: String?
  let hasSecret: Bool

  var text: String {
    """
    listening on \(url)
    point a webhook at it, by a daemon with --allow-http --allowed-addresses \(block):
      \(command)\(hasSecret ? "" : "\n" + advice)

    """
  }

  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(
      decoding: try encoder.encode(["listening": url, "create": command]), as: UTF8.self)
  }

  /// The command to try next.
  var command: String {
    var words = ["integrationctl webhooks create TENANT local", url]
    if profile != .standard { words += ["--profile", profile.rawValue] }
    if let signatureHeader { words += ["--signature-header", signatureHeader] }
    if hasSecret {
      words.append("--secret-stdin")
      if let secretFile { words.append("< " + Self.quoted(secretFile)) }
    }
    return words.joined(separator: " ")
  }

  private var advice: String {
    "to check signatures, start again with --secret-stdin and the secret that it prints"
  }

  /// As one word of a shell.
  private static func quoted(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || ("0"..."9").contains($0) || "/._-".unicodeScalars.contains($0)
    }
    return isPlain ? text : "'" + text.replacing("'", with: "'\\''") + "'"
  }
}
