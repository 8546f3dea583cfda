internal import SwiftProtobufPluginLibrary

/// Swift names of messages, enums and services under a layout.
struct TypeNames {
  let layout: Layout

  /// The room of a file. Files without one were refused by ``ContractRules``.
  func room(of file: FileDescriptor) -> Layout.Room {
    guard let room = layout.rooms[file.package] else {
      preconditionFailure("\(file.name): package \(file.package) passed the rules without a room")
    }
    return room
  }

  /// As in `ApiKey`, `RPCBadRequest.FieldViolation`.
  func name(of message: Descriptor) -> String {
    qualified(message.name, in: message.containingType, file: message.file)
  }

  func name(of enumeration: EnumDescriptor) -> String {
    qualified(enumeration.name, in: enumeration.containingType, file: enumeration.file)
  }

  /// The protocol that an implementation of the service conforms to.
  func name(of service: ServiceDescriptor) -> String {
    room(of: service.file).servicePrefix + service.name
  }

  private func qualified(_ name: String, in outer: Descriptor?, file: FileDescriptor) -> String {
    guard let outer else { return room(of: file).typePrefix + name }
    return self.name(of: outer) + "." + name
  }
}
