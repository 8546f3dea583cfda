package import ProtobufC
package import TTRPC

/// The services of the contract, for programs that learn at run time what to call.
package enum ServiceCatalogue {
  /// A service and its methods.
  package struct Service: Sendable {
    /// Full name, as in `integration.v1.TenantService`.
    package let name: String
    /// In the order of the proto file.
    package let methods: [Method]

    /// What the proto file says about it. Empty when it says nothing.
    package var documentation: String { Documentation.text(of: name) ?? "" }
  }

  /// A method and its messages.
  package struct Method: Sendable {
    /// Service and method.
    package let name: MethodName
    /// Which sides are streams.
    package let kind: MethodKind
    /// The request message.
    package let request: any Message.Type
    /// The response message.
    package let response: any Message.Type

    /// What the proto file says about it. Empty when it says nothing.
    package var documentation: String {
      Documentation.text(of: "\(name.service).\(name.method)") ?? ""
    }
  }

  /// The service of that full name.
  package static func service(named name: String) -> Service? {
    all.first { $0.name == name }
  }

  /// The method of that name.
  package static func method(_ name: MethodName) -> Method? {
    service(named: name.service)?.methods.first { $0.name == name }
  }
}
