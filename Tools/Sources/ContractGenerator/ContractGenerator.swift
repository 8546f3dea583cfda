package import SwiftProtobufPluginLibrary

/// Turns proto files into the Swift and the C glue of integrationd.
package struct ContractGenerator: Sendable {
  package let layout: Layout

  package init(layout: Layout) { self.layout = layout }

  /// Every generated file, ordered by path.
  /// - Throws: ``ContractError`` when the files hold what the contract may not hold.
  package func generate(_ files: [FileDescriptor]) throws(ContractError) -> [GeneratedFile] {
    try ContractRules.check(files, layout: layout)
    let names = TypeNames(layout: layout)
    var generated = DescriptorFiles(files: files, layout: layout).generate()
    for file in files { generated += types(of: file, names) + services(of: file, names) }
    if let folder = layout.catalogueFolder {
      generated += CatalogueFiles(files: files, names: names, folder: folder).generate()
    }
    return generated.sorted { $0.path < $1.path }
  }

  private func types(of file: FileDescriptor, _ names: TypeNames) -> [GeneratedFile] {
    let room = names.room(of: file)
    let imports = room.module == "ProtobufC" ? [] : ["\(room.access) import ProtobufC"]
    return file.messages.map { message in
      swift(names.name(of: message), of: file, room, imports) {
        MessageFile(message: message, names: names).write(to: &$0)
      }
    }
      + file.enums.map { enumeration in
        swift(names.name(of: enumeration), of: file, room, imports) {
          EnumFile(enumeration: enumeration, names: names).write(to: &$0)
        }
      }
  }

  private func services(of file: FileDescriptor, _ names: TypeNames) -> [GeneratedFile] {
    let room = names.room(of: file)
    return file.services.flatMap { service in
      [
        swift(names.name(of: service), of: file, room, ["package import TTRPC"]) {
          ServiceFile(service: service, names: names).write(to: &$0)
        },
        swift(names.name(of: service) + "Client", of: file, room, ["\(room.access) import TTRPC"]) {
          ClientFile(service: service, names: names).write(to: &$0)
        },
      ]
    }
  }

  /// One file per type, in a folder named like the proto file.
  private func swift(
    _ name: String, of file: FileDescriptor, _ room: Layout.Room, _ imports: [String],
    _ body: (inout SourceText) -> Void
  ) -> GeneratedFile {
    let folder = "\(room.folder)/\(file.name.dropLast(".proto".count))"
    return .swift(
      "\(folder)/\(name).swift", from: "proto/\(file.name)", imports: imports, body)
  }
}
