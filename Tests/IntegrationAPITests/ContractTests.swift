import IntegrationAPI
import ProtobufC
import TTRPC
import Testing

/// What is served, what is listed and what protoc-c wrote down are one contract.
@Suite
struct ContractTests {
  /// A method as every table tells it.
  private struct Row: Hashable {
    let service: String
    let method: String
    let request: String
    let response: String
  }

  private let described = DescriptorRegistry.services.flatMap { service in
    service.methods.map {
      Row(
        service: service.fullName, method: $0.name, request: $0.input.fullName,
        response: $0.output.fullName)
    }
  }

  @Test("the served methods are the described ones, in the same order")
  func served() {
    let served = UnwrittenServices.definitions.flatMap { service in
      service.methods.map {
        Row(
          service: service.name, method: $0.name, request: $0.request.fullName,
          response: $0.response.fullName)
      }
    }
    #expect(served == described)
  }

  @Test("the catalogue lists the described methods, in the same order")
  func listed() {
    let listed = ServiceCatalogue.all.flatMap { service in
      service.methods.map {
        Row(
          service: service.name, method: $0.name.method,
          request: $0.request.descriptor.fullName, response: $0.response.descriptor.fullName)
      }
    }
    #expect(listed == described)
  }

  @Test("the catalogue and the served methods stream alike")
  func kinds() {
    let served = UnwrittenServices.definitions.flatMap(\.methods).map(\.kind)
    #expect(ServiceCatalogue.all.flatMap(\.methods).map(\.kind) == served)
    #expect(served.count { $0 != .unary } == 2)
  }

  @Test("services, methods and messages are found by name, and strangers are not")
  func lookup() throws {
    for service in ServiceCatalogue.all {
      #expect(ServiceCatalogue.service(named: service.name)?.name == service.name)
      for method in service.methods {
        #expect(ServiceCatalogue.method(method.name)?.name == method.name)
      }
    }
    for type in MessageCatalogue.all {
      #expect(MessageCatalogue.type(named: type.descriptor.fullName) == type)
    }
    #expect(ServiceCatalogue.service(named: "integration.v1.Stranger") == nil)
    let stranger = MethodName(service: "integration.v1.TenantService", method: "Stranger")
    #expect(ServiceCatalogue.method(stranger) == nil)
    #expect(MessageCatalogue.type(named: "integration.v1.Stranger") == nil)
  }

  @Test("every described message has a type, and every type is described")
  func messages() {
    #expect(MessageCatalogue.all.map { $0.descriptor } == DescriptorRegistry.messages)
  }

  @Test("no message holds itself, however far inside")
  func acyclic() {
    for message in DescriptorRegistry.messages {
      var open = Self.messagesInside(message)
      var seen: Set<MessageDescriptor> = []
      while let next = open.popLast() {
        #expect(next != message, "\(message.fullName) holds itself")
        if seen.insert(next).inserted { open += Self.messagesInside(next) }
      }
    }
  }

  @Test("fields stand in the order of their numbers, which is what generated code counts by")
  func order() {
    for message in DescriptorRegistry.messages {
      let numbers = message.fields.map(\.number)
      #expect(numbers == numbers.sorted(), "\(message.fullName)")
    }
  }

  @Test("every service, method, message, field, enum and value but the zero has a comment")
  func documented() {
    var names: [String] = []
    for service in DescriptorRegistry.services {
      names += [service.fullName] + service.methods.map { "\(service.fullName).\($0.name)" }
    }
    for message in DescriptorRegistry.messages {
      names += [message.fullName] + message.fields.map { "\(message.fullName).\($0.name)" }
    }
    for type in DescriptorRegistry.enums {
      let values = type.values.filter { $0.number != 0 }
      names += [type.fullName] + values.map { "\(type.fullName).\($0.name)" }
    }
    for name in names {
      #expect(Documentation.text(of: name)?.isEmpty == false, "\(name) has no comment")
    }
    #expect(Documentation.text(of: "integration.v1.Stranger") == nil)
    for service in ServiceCatalogue.all {
      #expect(service.documentation == Documentation.text(of: service.name))
      for method in service.methods {
        let name = "\(method.name.service).\(method.name.method)"
        #expect(method.documentation == Documentation.text(of: name))
      }
    }
  }

  @Test("comments keep their lines")
  func comment() {
    #expect(
      Documentation.text(of: "integration.v1.TenantService.CreateTenant") == """
        Creates a tenant.
        INVALID_ARGUMENT; ALREADY_EXISTS when `tenant_id` is taken;
        FAILED_PRECONDITION when `idempotency_key` was used with another request.
        """)
  }

  private static func messagesInside(_ message: MessageDescriptor) -> [MessageDescriptor] {
    message.fields.compactMap { field in
      if case .message(let inner) = field.kind { inner } else { nil }
    }
  }
}
