internal import SwiftProtobufPluginLibrary

/// A message as a Swift value.
struct MessageFile {
  let message: Descriptor
  let names: TypeNames

  private var access: String { names.room(of: message.file).access }

  /// The declaration, with nested types, and the conformances of all of them.
  func write(to source: inout SourceText) {
    writeType(to: &source)
    for message in message.withNested {
      source.line()
      MessageFile(message: message, names: names).writeConformance(to: &source)
    }
    for enumeration in message.withNested.flatMap(\.enums) {
      source.line()
      EnumFile(enumeration: enumeration, names: names).writeConformance(to: &source)
    }
  }

  // MARK: The type

  private func writeType(to source: inout SourceText) {
    source.doc(message.comment, of: message.fullName)
    source.block("\(access) struct \(message.swiftName(names)): Sendable, Hashable") { source in
      writeNestedTypes(to: &source)
      for property in properties {
        source.doc(property.comment)
        source.line("\(access) var \(property.name): \(property.type)\(property.initializer)")
      }
      if !properties.isEmpty { source.line() }
      source.line("/// An empty message.")
      source.line("\(access) init() {}")
      writeMemberwiseInit(to: &source)
    }
  }

  private func writeNestedTypes(to source: inout SourceText) {
    for nested in message.messages {
      MessageFile(message: nested, names: names).writeType(to: &source)
      source.line()
    }
    for enumeration in message.enums {
      EnumFile(enumeration: enumeration, names: names).writeType(to: &source)
      source.line()
    }
    for oneof in message.realOneofs {
      source.doc(oneof.comment)
      source.block("\(access) enum \(oneof.typeName): Sendable, Hashable") { source in
        for field in oneof.fields {
          let form = FieldForm(field: field, names: names)
          source.doc(field.comment)
          source.line("case \(form.name)(\(form.element))")
        }
      }
      source.line()
    }
  }

  private func writeMemberwiseInit(to source: inout SourceText) {
    guard !properties.isEmpty else { return }
    source.line()
    source.line("/// A message of the given fields. Those left out are empty.")
    source.declaration(
      "\(access) init",
      properties.map { "\($0.name): \($0.type) = \($0.defaultValue)" }, " {")
    source.indented { source in
      for property in properties { source.line("self.\(property.name) = \(property.name)") }
    }
    source.line("}")
  }

  // MARK: Conformance

  private func writeConformance(to source: inout SourceText) {
    source.block("extension \(names.name(of: message)): Message") { source in
      source.line("\(access) static var descriptor: MessageDescriptor {")
      source.line("  .\(SwiftNames.descriptor(message.fullName))")
      source.line("}")
      source.line()
      let canThrow = message.fields.contains { FieldForm(field: $0, names: names).readThrows }
      let effects = canThrow ? " throws(MessageError)" : ""
      source.block("\(access) init(from reader: borrowing MessageReader)\(effects)") { source in
        for property in properties { property.writeRead(to: &source) }
      }
      source.line()
      source.block("\(access) func write(to writer: borrowing MessageWriter)") { source in
        for property in properties { property.writeWrite(to: &source) }
      }
    }
  }

  /// One per field outside of oneofs, one per oneof, in the order of the file.
  private var properties: [Property] {
    var seen: Set<String> = []
    return message.fields.compactMap { field in
      guard let oneof = field.realContainingOneof else {
        return .field(FieldForm(field: field, names: names))
      }
      return seen.insert(oneof.name).inserted ? .oneof(oneof, names) : nil
    }
  }
}

extension Descriptor {
  /// The name without that of the message around it.
  func swiftName(_ names: TypeNames) -> String {
    containingType == nil ? names.name(of: self) : name
  }
}
