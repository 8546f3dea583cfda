internal import Foundation
internal import SwiftProtobuf

/// Every message, enum and method of a descriptor set, by full name.
package struct Contract: Sendable {
  var messages: [String: Google_Protobuf_DescriptorProto] = [:]
  var enums: [String: Google_Protobuf_EnumDescriptorProto] = [:]
  var methods: [String: Google_Protobuf_MethodDescriptorProto] = [:]

  /// - Parameter descriptorSet: what `protoc --include_imports --descriptor_set_out` wrote.
  /// - Throws: when the bytes are no descriptor set.
  package init(descriptorSet: [UInt8]) throws {
    let set = try Google_Protobuf_FileDescriptorSet(serializedBytes: descriptorSet)
    for file in set.file {
      for message in file.messageType { add(message, in: file.package) }
      for enumeration in file.enumType {
        enums["\(file.package).\(enumeration.name)"] = enumeration
      }
      for service in file.service {
        for method in service.method {
          methods["\(file.package).\(service.name).\(method.name)"] = method
        }
      }
    }
  }

  private mutating func add(_ message: Google_Protobuf_DescriptorProto, in scope: String) {
    let name = "\(scope).\(message.name)"
    messages[name] = message
    for nested in message.nestedType { add(nested, in: name) }
    for enumeration in message.enumType { enums["\(name).\(enumeration.name)"] = enumeration }
  }
}
