/// Where each proto package's Swift goes, and what its types are called there.
package struct Layout: Sendable {
  /// A Swift module as one proto package sees it.
  package struct Room: Sendable {
    /// The Swift module.
    package var module: String
    /// Folder of the module's generated code, from the root of the repository.
    package var folder: String
    /// Put before the name of every top-level message and enum.
    package var typePrefix = ""
    /// Put before the name of every service.
    package var servicePrefix = ""
    /// `public` for what users of the client library see, else `package`.
    package var access: String
  }

  /// By proto package.
  package var rooms: [String: Room]
  /// The module with the addresses of protobuf-c's descriptors, and its folder of headers.
  package var cModule: String
  package var cHeaders: String
  /// The module that wraps the descriptors, and the folder of the generated part of it.
  package var descriptorModule: String
  package var descriptorFolder: String
  /// The folder of the tables over all services. Nil: there are none.
  package var catalogueFolder: String?

  /// What integrationd is made of.
  package static let integrationd = Layout(
    rooms: [
      "google.protobuf": Room(
        module: "ProtobufC", folder: "Sources/ProtobufC/Generated", typePrefix: "Proto",
        access: "public"),
      "google.rpc": Room(
        module: "TTRPC", folder: "Sources/TTRPC/Generated", typePrefix: "RPC", access: "package"),
      "ttrpc": Room(
        module: "TTRPC", folder: "Sources/TTRPC/Generated", typePrefix: "TTRPC", access: "package"),
      "grpc.health.v1": Room(
        module: "IntegrationAPI", folder: "Sources/IntegrationAPI/Generated",
        servicePrefix: "GRPC", access: "public"),
      "integration.v1": Room(
        module: "IntegrationAPI", folder: "Sources/IntegrationAPI/Generated", access: "public"),
    ],
    cModule: "CIntegrationProto", cHeaders: "Sources/CIntegrationProto/include",
    descriptorModule: "ProtobufC", descriptorFolder: "Sources/ProtobufC/Generated",
    catalogueFolder: "Sources/IntegrationAPI/Generated")

  /// What the tests of generated code are made of: `Tests/Protos`, every construct there is.
  package static let fixtures: Layout = {
    var layout = Layout(
      rooms: [
        "fixtures.v1": Room(
          module: "Fixtures", folder: "Tests/Fixtures/Generated", access: "package")
      ],
      cModule: "CFixtures", cHeaders: "Tests/CFixtures/include",
      descriptorModule: "Fixtures", descriptorFolder: "Tests/Fixtures/Generated")
    layout.rooms["google.protobuf"] = integrationd.rooms["google.protobuf"]
    return layout
  }()
}
