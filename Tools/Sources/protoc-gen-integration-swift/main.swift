import ContractGenerator
import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The plugin that protoc runs. `--integration-swift_opt` names the layout: `integrationd`, or
/// `fixtures`, which is that of the tests.
struct Plugin: CodeGenerator {
  /// `optional` is claimed so that our own refusal, which names the field, is the one to be read.
  let supportedFeatures: [Google_Protobuf_Compiler_CodeGeneratorResponse.Feature] = [
    .proto3Optional
  ]

  func generate(
    files: [FileDescriptor], parameter: any CodeGeneratorParameter,
    protoCompilerContext: any ProtoCompilerContext, generatorOutputs: any GeneratorOutputs
  ) throws {
    let generator = ContractGenerator(layout: try layout(named: parameter.parameter))
    for file in try generator.generate(files) {
      try generatorOutputs.add(fileName: file.path, contents: file.text)
    }
  }

  private func layout(named name: String) throws -> Layout {
    switch name {
    case "integrationd": .integrationd
    case "fixtures": .fixtures
    default: throw UnknownParameter(parameter: name)
    }
  }
}

struct UnknownParameter: Error, CustomStringConvertible {
  let parameter: String
  var description: String {
    "unknown layout `\(parameter)`: there are `integrationd` and `fixtures`"
  }
}

Plugin().main(nil)
