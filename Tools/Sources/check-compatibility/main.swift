import ContractCompatibility
import Foundation

/// `check-compatibility OLD NEW`: compares two descriptor sets; names what breaks old peers and
/// answers 1 when anything does.
let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 2, let old = arguments.first, let new = arguments.last else {
  FileHandle.standardError.write(Data("usage: check-compatibility OLD NEW\n".utf8))
  exit(64)
}

func contract(_ path: String) throws -> Contract {
  try Contract(descriptorSet: Array(Data(contentsOf: URL(filePath: path))))
}

do {
  let incompatibilities = try contract(new).incompatibilities(with: try contract(old))
  for sentence in incompatibilities {
    FileHandle.standardError.write(Data("proto: \(sentence)\n".utf8))
  }
  exit(incompatibilities.isEmpty ? 0 : 1)
} catch {
  FileHandle.standardError.write(Data("check-compatibility: \(error)\n".utf8))
  exit(66)
}
