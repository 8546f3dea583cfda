internal import SwiftProtobufPluginLibrary

/// The client's side of a service.
struct ClientFile {
  let service: ServiceDescriptor
  let names: TypeNames

  private var access: String { names.room(of: service.file).access }

  func write(to source: inout SourceText) {
    source.line("/// Calls `\(service.fullName)`.")
    if !service.comment.isEmpty { source.line("///") }
    source.doc(service.comment)
    source.block("\(access) struct \(names.name(of: service))Client: Sendable") { source in
      source.line("/// Full name of the service.")
      source.line("\(access) static let service = \"\(service.fullName)\"")
      source.line()
      source.line("private let channel: any RPCChannel")
      source.line()
      source.line("/// A client whose calls go through `channel`.")
      source.block("\(access) init(_ channel: any RPCChannel)") { source in
        source.line("self.channel = channel")
      }
      for method in service.methods {
        source.line()
        write(MethodForm(method: method, names: names), to: &source)
      }
    }
  }

  private func write(_ method: MethodForm, to source: inout SourceText) {
    source.doc(method.method.comment)
    source.declaration(
      "\(access) func \(method.name)", method.clientParameters,
      " async throws(RPCError) -> \(method.clientResult) {")
    source.indented { source in
      source.call(
        "try await channel.\(method.kind)",
        ["MethodName(service: Self.service, method: \"\(method.method.name)\")"]
          + method.clientArguments)
    }
    source.line("}")
  }
}
