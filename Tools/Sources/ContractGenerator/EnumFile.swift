internal import SwiftProtobufPluginLibrary

/// An enum as a Swift enum that also holds numbers it has no name for.
struct EnumFile {
  let enumeration: EnumDescriptor
  let names: TypeNames

  private var access: String { names.room(of: enumeration.file).access }

  func write(to source: inout SourceText) {
    writeType(to: &source)
    source.line()
    writeConformance(to: &source)
  }

  func writeType(to source: inout SourceText) {
    source.doc(enumeration.comment, of: enumeration.fullName)
    source.block("\(access) enum \(enumeration.swiftName(names)): Sendable, Hashable") { source in
      for value in enumeration.values {
        source.doc(value.comment)
        source.line("case \(caseName(value))")
      }
      source.line("/// A number this version of the contract has no name for.")
      source.line("case unrecognized(Int32)")
    }
  }

  func writeConformance(to source: inout SourceText) {
    source.block("extension \(names.name(of: enumeration)): ProtoEnum") { source in
      source.block("\(access) static var descriptor: EnumDescriptor") { source in
        source.line(".\(SwiftNames.descriptor(enumeration.fullName))")
      }
      source.line()
      source.block("\(access) init(rawValue: Int32)") { source in
        source.line("self =")
        source.line("  switch rawValue {")
        for value in enumeration.values {
          source.line("  case \(literal(value)): .\(caseName(value))")
        }
        source.line("  default: .unrecognized(rawValue)")
        source.line("  }")
      }
      source.line()
      source.block("\(access) var rawValue: Int32") { source in
        source.line("switch self {")
        for value in enumeration.values {
          source.line("case .\(caseName(value)): \(literal(value))")
        }
        source.line("case .unrecognized(let number): number")
        source.line("}")
      }
    }
  }

  /// The number, grouped by thousands from seven digits on.
  private func literal(_ value: EnumValueDescriptor) -> String {
    let digits = Array(String(value.number.magnitude))
    let sign = value.number < 0 ? "-" : ""
    guard digits.count >= 7 else { return sign + String(digits) }
    return digits.enumerated().reduce(sign) { text, digit in
      let begins = digit.offset > 0 && (digits.count - digit.offset).isMultiple(of: 3)
      return text + (begins ? "_" : "") + String(digit.element)
    }
  }

  private func caseName(_ value: EnumValueDescriptor) -> String {
    SwiftNames.enumCase(value.name, of: enumeration.name)
  }
}

extension EnumDescriptor {
  /// The name without that of the message around it.
  func swiftName(_ names: TypeNames) -> String {
    containingType == nil ? names.name(of: self) : name
  }
}
