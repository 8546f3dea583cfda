extension JSONDocument {
  /// The document as JSON, as ``JSONValue/serialized()`` writes it.
  package func serialized() -> [UInt8] { root.serialized() }
}

extension JSONValue {
  /// The value as JSON without spaces: members in their order, numbers as they were written, only
  /// what must be escaped in strings escaped. Parsing it gives an equal value.
  package func serialized() -> [UInt8] {
    var output: [UInt8] = []
    /// Containers that are not closed yet: where they end, their bracket.
    var open: [(end: Int, bracket: UInt8)] = []
    var followsKey = false
    for entry in node..<document.end(of: node) {
      while let last = open.last, last.end == entry {
        output.append(last.bracket)
        open.removeLast()
      }
      if followsKey {
        output.append(UInt8(ascii: ":"))
        followsKey = false
      } else {
        if let last = output.last, last != UInt8(ascii: "["), last != UInt8(ascii: "{") {
          output.append(UInt8(ascii: ","))
        }
        followsKey = open.last?.bracket == UInt8(ascii: "}")
      }
      switch document.nodes[entry].kind {
      case .null: output.append(contentsOf: "null".utf8)
      case .false: output.append(contentsOf: "false".utf8)
      case .true: output.append(contentsOf: "true".utf8)
      case .number: output.append(contentsOf: document.utf8(of: entry))
      case .string: Self.append(string: document.utf8(of: entry), to: &output)
      case .array:
        output.append(UInt8(ascii: "["))
        open.append((document.end(of: entry), UInt8(ascii: "]")))
      case .object:
        output.append(UInt8(ascii: "{"))
        open.append((document.end(of: entry), UInt8(ascii: "}")))
      }
    }
    output.append(contentsOf: open.reversed().map(\.bracket))
    return output
  }

  private static func append(string: ArraySlice<UInt8>, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in string {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        output.append(UInt8(ascii: "\\"))
        output.append(byte)
      case 0..<0x20:
        output.append(contentsOf: byte < 0x10 ? "\\u000".utf8 : "\\u00".utf8)
        output.append(contentsOf: String(byte, radix: 16).utf8)
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
