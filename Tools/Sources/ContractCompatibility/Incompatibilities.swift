internal import SwiftProtobuf

extension Contract {
  /// What programs built with `older` would misread or miss in this contract, one sentence each,
  /// ordered by name. Empty when they can go on talking.
  ///
  /// A field or enum value may go only if its number and its name are reserved, so that neither is
  /// ever given another meaning (protobuf.dev, "Updating A Message Type"). Names count: they are what
  /// JSON is made of.
  package func incompatibilities(with older: Contract) -> [String] {
    var found: [String] = []
    for (name, old) in older.messages {
      if let new = messages[name] {
        found += Self.changes(of: name, from: old, to: new)
      } else {
        found.append("message \(name) is gone")
      }
    }
    for (name, old) in older.enums {
      if let new = enums[name] {
        found += Self.changes(of: name, from: old, to: new)
      } else {
        found.append("enum \(name) is gone")
      }
    }
    for (name, old) in older.methods {
      found += Self.changes(of: name, from: old, to: methods[name])
    }
    return found.sorted()
  }

  // MARK: Messages

  private static func changes(
    of name: String, from old: Google_Protobuf_DescriptorProto,
    to new: Google_Protobuf_DescriptorProto
  ) -> [String] {
    let fields = Dictionary(
      new.field.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    var found: [String] = []
    for field in old.field {
      let place = "field \(field.number) of \(name) (`\(field.name)`)"
      if let successor = fields[field.number] {
        found += changes(of: place, from: field, to: successor, oneofs: (old, new))
      } else {
        if !new.reservedRange.contains(where: { $0.start <= field.number && field.number < $0.end })
        {
          found.append("\(place) is gone: write `reserved \(field.number);`")
        }
        if !new.reservedName.contains(field.name) {
          found.append("\(place) is gone: write `reserved \"\(field.name)\";`")
        }
      }
    }
    for field in new.field {
      if old.reservedRange.contains(where: { $0.start <= field.number && field.number < $0.end }) {
        found.append("field \(field.number) of \(name) was reserved: take a new number")
      }
      if old.reservedName.contains(field.name) {
        found.append("field \(field.number) of \(name): the name `\(field.name)` was reserved")
      }
    }
    return found
  }

  private static func changes(
    of place: String, from old: Google_Protobuf_FieldDescriptorProto,
    to new: Google_Protobuf_FieldDescriptorProto,
    oneofs: (old: Google_Protobuf_DescriptorProto, new: Google_Protobuf_DescriptorProto)
  ) -> [String] {
    var found: [String] = []
    if old.name != new.name { found.append("\(place) is now called `\(new.name)`") }
    if old.type != new.type || old.typeName != new.typeName {
      found.append("\(place) was \(typeName(old)) and is now \(typeName(new))")
    }
    if old.label != new.label { found.append("\(place) is now \(new.label)") }
    let oneof = (oneofName(old, oneofs.old), oneofName(new, oneofs.new))
    if oneof.0 != oneof.1 {
      found.append("\(place) was in \(oneof.0 ?? "no oneof") and is now in \(oneof.1 ?? "none")")
    }
    return found
  }

  private static func typeName(_ field: Google_Protobuf_FieldDescriptorProto) -> String {
    field.typeName.isEmpty ? "\(field.type)" : String(field.typeName.dropFirst())
  }

  private static func oneofName(
    _ field: Google_Protobuf_FieldDescriptorProto, _ message: Google_Protobuf_DescriptorProto
  ) -> String? {
    field.hasOneofIndex ? message.oneofDecl[Int(field.oneofIndex)].name : nil
  }

  // MARK: Enums and methods

  private static func changes(
    of name: String, from old: Google_Protobuf_EnumDescriptorProto,
    to new: Google_Protobuf_EnumDescriptorProto
  ) -> [String] {
    let values = Dictionary(
      new.value.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    var found: [String] = []
    for value in old.value {
      let place = "value \(value.number) of \(name) (`\(value.name)`)"
      if let successor = values[value.number] {
        if successor.name != value.name {
          found.append("\(place) is now called `\(successor.name)`")
        }
      } else if !new.reservedRange.contains(where: {
        $0.start <= value.number && value.number <= $0.end
      }) {
        found.append("\(place) is gone: write `reserved \(value.number);`")
      } else if !new.reservedName.contains(value.name) {
        found.append("\(place) is gone: write `reserved \"\(value.name)\";`")
      }
    }
    for value in new.value
    where old.reservedRange.contains(where: { $0.start <= value.number && value.number <= $0.end })
    {
      found.append("value \(value.number) of \(name) was reserved: take a new number")
    }
    return found
  }

  private static func changes(
    of name: String, from old: Google_Protobuf_MethodDescriptorProto,
    to new: Google_Protobuf_MethodDescriptorProto?
  ) -> [String] {
    guard let new else { return ["method \(name) is gone"] }
    var found: [String] = []
    if old.inputType != new.inputType {
      found.append(
        "method \(name) took \(old.inputType.dropFirst()) and now \(new.inputType.dropFirst())")
    }
    if old.outputType != new.outputType {
      found.append(
        "method \(name) answered \(old.outputType.dropFirst()) and now \(new.outputType.dropFirst())"
      )
    }
    if old.clientStreaming != new.clientStreaming || old.serverStreaming != new.serverStreaming {
      found.append("method \(name) streams differently")
    }
    return found
  }
}
