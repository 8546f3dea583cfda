internal import SwiftProtobuf
internal import SwiftProtobufPluginLibrary

/// What stands somewhere in a proto file.
protocol Locatable: ProvidesSourceCodeLocation {
  var file: FileDescriptor! { get }
}

extension Descriptor: Locatable {}
extension EnumDescriptor: Locatable {}
extension EnumValueDescriptor: Locatable {}
extension FieldDescriptor: Locatable {}
extension MethodDescriptor: Locatable {}
extension OneofDescriptor: Locatable {}
extension ServiceDescriptor: Locatable {}

extension Locatable {
  /// The comment before the element, else the one behind it on its line.
  var comment: String {
    guard let location = sourceCodeInfoLocation else { return "" }
    return Prose.text(
      ofComment: location.hasLeadingComments ? location.leadingComments : location.trailingComments)
  }
}
