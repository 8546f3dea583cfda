public import SwiftProtobufPluginLibrary

/// Turns proto files into the Swift and the C glue of integrationd.
public struct ContractGenerator: Sendable {
  public let layout: Layout

  public init(layout: Layout) { self.layout = layout }

  /// Every generated file, ordered by path.
  /// - Throws: ``ContractError`` when the files hold what the contract may not hold.
  public func generate(_ files: [FileDescriptor]) throws(ContractError) -> [GeneratedFile] {
    try ContractRules.check(files, layout: layout)
    let names = TypeNames(layout: layout)
    var generated = DescriptorFiles(files: files, layout: layout).generate()
    for file in files { generated += types(of: file, names) }
    return generated.sorted { $0.path < $1.path }
  }

  private func types(of file: FileDescriptor, _ names: TypeNames) -> [GeneratedFile] {
    let room = names.room(of: file)
    let folder = "\(room.folder)/\(file.name.dropLast(".proto".count))"
    let imports = imports(of: file, room)
    return file.messages.map { message in
      .swift(
        "\(folder)/\(names.name(of: message)).swift", from: "proto/\(file.name)", imports: imports
      ) { MessageFile(message: message, names: names).write(to: &$0) }
    }
      + file.enums.map { enumeration in
        .swift(
          "\(folder)/\(names.name(of: enumeration)).swift", from: "proto/\(file.name)",
          imports: imports
        ) { EnumFile(enumeration: enumeration, names: names).write(to: &$0) }
      }
  }

  private func imports(of file: FileDescriptor, _ room: Layout.Room) -> [String] {
    room.module == "ProtobufC" ? [] : ["\(room.access) import ProtobufC"]
  }
}
