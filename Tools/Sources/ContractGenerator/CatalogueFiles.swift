internal import SwiftProtobufPluginLibrary

/// Tables over the whole contract, for programs that call methods they learn of at run time: services
/// and methods, message types, and what the proto files say about each name.
struct CatalogueFiles {
  let files: [FileDescriptor]
  let names: TypeNames
  let folder: String

  func generate() -> [GeneratedFile] { [services, messages, documentation] }

  // MARK: Services and messages

  private var services: GeneratedFile {
    table("ServiceCatalogue+All", imports: ["internal import TTRPC"]) { source in
      source.block("extension ServiceCatalogue") { source in
        source.line("/// Every service of the contract, by full name.")
        let all = files.flatMap(\.services).sorted { $0.fullName < $1.fullName }
        source.array("package static let all: [Service] = ", all, "", write)
      }
    }
  }

  private func write(_ service: ServiceDescriptor, _ comma: String, to source: inout SourceText) {
    source.line("Service(")
    source.indented { source in
      source.line("name: \"\(service.fullName)\",")
      let methods = service.methods.map { MethodForm(method: $0, names: names) }
      source.array("methods: ", methods, ")" + comma, write)
    }
  }

  private func write(_ method: MethodForm, _ comma: String, to source: inout SourceText) {
    source.line("Method(")
    source.indented { source in
      let service = method.method.service.fullName
      source.line("name: MethodName(service: \"\(service)\", method: \"\(method.method.name)\"),")
      source.line("kind: .\(method.kind),")
      source.line("request: \(method.request).self,")
      source.line("response: \(method.response).self)\(comma)")
    }
  }

  private var messages: GeneratedFile {
    table("MessageCatalogue+All", imports: ["package import ProtobufC", "internal import TTRPC"]) {
      source in
      source.block("extension MessageCatalogue") { source in
        source.line("/// The type of every message of the contract, by full name.")
        let all = files.flatMap(\.messages).flatMap(\.withNested)
        source.array(
          "package static let all: [any Message.Type] = ", all.sorted { $0.fullName < $1.fullName }
        ) { message, comma, source in
          source.line("\(names.name(of: message)).self\(comma)")
        }
      }
    }
  }

  // MARK: Documentation

  private var documentation: GeneratedFile {
    table("Documentation+All", imports: []) { source in
      source.block("extension Documentation") { source in
        source.line("/// The comments of the contract, by full name.")
        source.line("static let all: [String: String] = [")
        source.indented { source in
          for (name, comment) in comments.sorted(by: { $0.0 < $1.0 }) {
            write(name, comment, to: &source)
          }
        }
        source.line("]")
      }
    }
  }

  private func write(_ name: String, _ comment: String, to source: inout SourceText) {
    let escaped = comment.replacing("\\", with: "\\\\")
    let literal = "\"\(escaped.replacing("\"", with: "\\\""))\""
    let isOneLine = !comment.contains("\n") && literal.count <= SourceText.columns - 7
    guard isOneLine else {
      source.line("\"\(name)\": \"\"\"")
      for line in escaped.replacing("\"\"\"", with: "\\\"\"\"").split(
        separator: "\n", omittingEmptySubsequences: false)
      {
        source.line(String(line))
      }
      source.line("\"\"\",")
      return
    }
    if name.count + literal.count + 5 <= SourceText.columns - 4 {
      source.line("\"\(name)\": \(literal),")
    } else {
      source.line("\"\(name)\":")
      source.indented { $0.line("\(literal),") }
    }
  }

  /// Name and comment of everything that has one.
  private var comments: [(String, String)] {
    var comments: [(String, String)] = []
    for file in files {
      for message in file.messages.flatMap(\.withNested) {
        comments.append((message.fullName, message.comment))
        comments += message.fields.map { ($0.fullName, $0.comment) }
        comments += message.realOneofs.map { ($0.fullName, $0.comment) }
        for enumeration in message.enums { comments += self.comments(of: enumeration) }
      }
      for enumeration in file.enums { comments += self.comments(of: enumeration) }
      for service in file.services {
        comments.append((service.fullName, service.comment))
        comments += service.methods.map { ($0.fullName, $0.comment) }
      }
    }
    return comments.filter { !$0.1.isEmpty }
  }

  private func comments(of enumeration: EnumDescriptor) -> [(String, String)] {
    [(enumeration.fullName, enumeration.comment)]
      + enumeration.values.map { ("\(enumeration.fullName).\($0.name)", $0.comment) }
  }

  private func table(
    _ name: String, imports: [String], _ body: (inout SourceText) -> Void
  ) -> GeneratedFile {
    .swift("\(folder)/\(name).swift", from: "every proto file", imports: imports, body)
  }
}
