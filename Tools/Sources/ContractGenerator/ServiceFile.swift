internal import SwiftProtobufPluginLibrary

/// What an implementation of a service conforms to, and the table of methods made from it.
struct ServiceFile {
  let service: ServiceDescriptor
  let names: TypeNames

  private var methods: [MethodForm] {
    service.methods.map { MethodForm(method: $0, names: names) }
  }

  func write(to source: inout SourceText) {
    let name = names.name(of: service)
    source.doc(service.comment, of: service.fullName)
    source.block("package protocol \(name): Sendable") { source in
      for (rank, method) in methods.enumerated() {
        if rank > 0 { source.line() }
        source.doc(method.method.comment)
        source.declaration("func \(method.name)", method.serverParameters, method.serverResult)
      }
    }
    source.line()
    source.block("extension \(name)") { source in
      source.line("/// The methods of the service, served by this value.")
      source.block("package var definition: ServiceDefinition") { source in
        writeDefinition(to: &source)
      }
    }
  }

  private func writeDefinition(to source: inout SourceText) {
    source.line("ServiceDefinition(")
    source.indented { source in
      source.line("name: \"\(service.fullName)\",")
      source.array("methods: ", methods, ")") { method, comma, source in
        let head = ".\(method.kind)"
        let types = [
          "\"\(method.method.name)\"", "\(method.request).self", "\(method.response).self",
        ]
        guard method.isUnary else { return source.call(head, types + [method.name], comma) }
        source.call(head, types, " { call in")
        source.indented { source in
          source.call(
            "call.finish", ["with: try await \(method.name)(call.request(), call.context)"])
        }
        source.line("}" + comma)
      }
    }
  }
}
