internal import FoundationEssentials

/// What `integrationd check` found.
struct CheckReport: Codable, Equatable {
  /// One thing that was looked at.
  struct Item: Codable, Equatable {
    enum State: String, Codable {
      case ok, warning, failed
    }

    /// What was looked at, as in `keyring`.
    let check: String
    let state: State
    /// What was found.
    let message: String
    /// What to do about it. Nil when there is nothing to do.
    let remedy: String?
  }

  private(set) var items: [Item] = []

  /// Whether the daemon would serve.
  var isClean: Bool { !items.contains { $0.state != .ok } }

  mutating func ok(_ check: String, _ message: String) {
    items.append(Item(check: check, state: .ok, message: message, remedy: nil))
  }

  mutating func warn(_ check: String, _ message: String, remedy: String? = nil) {
    items.append(Item(check: check, state: .warning, message: message, remedy: remedy))
  }

  mutating func fail(_ check: String, _ message: String, remedy: String? = nil) {
    items.append(Item(check: check, state: .failed, message: message, remedy: remedy))
  }

  /// For people: a line for each item, remedies below.
  var text: String {
    items.map { item in
      let line = "\(item.state.rawValue.padded(to: 8))\(item.check.padded(to: 14))\(item.message)\n"
      guard let remedy = item.remedy else { return line }
      let margin = "".padded(to: 22)
      return "\(line)\(margin)-> \(remedy.replacing("\n", with: "\n\(margin)   "))\n"
    }.joined()
  }

  /// For programs: `{"items": [{"check": ..., "state": "ok", "message": ...}], "ok": true}`.
  func json() throws -> String {
    struct Document: Encodable {
      let ok: Bool
      let items: [Item]
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode(Document(ok: isClean, items: items))
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}
