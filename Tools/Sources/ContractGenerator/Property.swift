internal import SwiftProtobuf
internal import SwiftProtobufPluginLibrary

/// A stored property of a message: a field, or a oneof.
enum Property {
  case field(FieldForm)
  case oneof(OneofDescriptor, TypeNames)

  var name: String {
    switch self {
    case .field(let form): form.name
    case .oneof(let oneof, _): SwiftNames.lowerCamel(oneof.name)
    }
  }

  var type: String {
    switch self {
    case .field(let form): form.type
    case .oneof(let oneof, _): oneof.typeName + "?"
    }
  }

  var defaultValue: String {
    switch self {
    case .field(let form): form.defaultValue
    case .oneof: "nil"
    }
  }

  /// What follows the type in the declaration: optionals are nil by themselves.
  var initializer: String { defaultValue == "nil" ? "" : " = " + defaultValue }

  var comment: String {
    switch self {
    case .field(let form): form.field.comment
    case .oneof(let oneof, _): oneof.comment
    }
  }

  /// The name where the generated function has named something `local` too.
  private func reference(besides local: String) -> String {
    name == local ? "self." + name : name
  }

  func writeRead(to source: inout SourceText) {
    switch self {
    case .field(let form): source.line("\(reference(besides: "reader")) = \(form.read)")
    case .oneof(let oneof, let names): writeRead(oneof, names, to: &source)
    }
  }

  func writeWrite(to source: inout SourceText) {
    switch self {
    case .field(let form): source.line(form.write(reference(besides: "writer")))
    case .oneof(let oneof, let names): writeWrite(oneof, names, to: &source)
    }
  }

  private func writeRead(
    _ oneof: OneofDescriptor, _ names: TypeNames, to source: inout SourceText
  ) {
    var head = ""
    for field in oneof.fields {
      let form = FieldForm(field: field, names: names)
      if field.type == .message {
        source.line("\(head)if reader.isSet(\(form.index)),")
        source.line("  let value = \(form.read)")
        source.line("{")
        source.line("  \(reference(besides: "value")) = .\(form.name)(value)")
      } else {
        source.line("\(head)if reader.isSet(\(form.index)) {")
        source.line("  \(reference(besides: "reader")) = .\(form.name)(\(form.read))")
      }
      head = "} else "
    }
    source.line("}")
  }

  private func writeWrite(
    _ oneof: OneofDescriptor, _ names: TypeNames, to source: inout SourceText
  ) {
    source.line("switch \(reference(besides: "writer")) {")
    for field in oneof.fields {
      let form = FieldForm(field: field, names: names)
      source.line("case .\(form.name)(let value): \(form.write("value"))")
    }
    source.line("case nil: break")
    source.line("}")
  }
}

extension OneofDescriptor {
  /// Name of the nested enum.
  var typeName: String { SwiftNames.upperCamel(name) }
}
