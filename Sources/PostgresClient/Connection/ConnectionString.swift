internal import CLibpq

/// A connection string or URI that libpq understands ("Connection Strings" in PostgreSQL's manual).
/// It may hold a password, so it is never printed, and neither is what libpq says about one that it
/// does not understand: it quotes the part it stumbled over.
package struct ConnectionString: Sendable {
  private let text: String
  /// What the text itself says, by libpq's keywords.
  let named: [String: String]
  /// The environment variable that speaks where the text is silent, by keyword.
  let variables: [String: String]

  package init(_ text: String) throws(MalformedConnectionString) {
    guard !text.utf8.contains(0), let options = unsafe PQconninfoParse(text, nil) else {
      throw MalformedConnectionString()
    }
    defer { unsafe PQconninfoFree(options) }
    var named: [String: String] = [:]
    var variables: [String: String] = [:]
    var option = unsafe options
    while let keyword = unsafe option.pointee.keyword {
      let name = unsafe String(cString: keyword)
      if let value = unsafe option.pointee.val { unsafe named[name] = String(cString: value) }
      if let variable = unsafe option.pointee.envvar {
        unsafe variables[name] = String(cString: variable)
      }
      unsafe option += 1
    }
    guard Self.isPlausible(named) else { throw MalformedConnectionString() }
    self.text = text
    self.named = named
    self.variables = variables
  }

  /// For libpq alone.
  package func reveal() -> String { text }

  /// Of `postgres://me:se@cret@host/db` libpq makes a host `cret@host`, of `me:se/cret@host` a port
  /// `se`, and tells everybody that it cannot find them.
  private static func isPlausible(_ named: [String: String]) -> Bool {
    let hosts = HostTarget.items(named["host"])
    let ports = HostTarget.items(named["port"])
    return !hosts.contains { !$0.hasPrefix("/") && $0.dropFirst().contains("@") }
      && ports.allSatisfy { $0.isEmpty || UInt16($0) != nil }
  }
}

extension ConnectionString: CustomStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}

/// A connection string that libpq does not understand.
package struct MalformedConnectionString: Error, Sendable, Equatable, CustomStringConvertible {
  package init() {}

  package var description: String {
    "the connection string is not one that libpq understands; in a URL write the characters "
      + "% @ : / of a password as %25 %40 %3A %2F, elsewhere put a value with blanks in single quotes"
  }
}
