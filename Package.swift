// swift-tools-version: 6.2
import PackageDescription

/// Settings of every hand-written module. Unsafe code must say `unsafe`, which only floor 1 may
/// (Tests/ArchitectureTests).
let room: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "integrationd",
  products: [
    .library(name: "IntegrationClient", targets: ["IntegrationClient"]),
    .executable(name: "integrationd", targets: ["integrationd"]),
    .executable(name: "integrationctl", targets: ["integrationctl"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    // Floor 0: C.
    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .target(name: "CEpoll"),
    .target(name: "CIntegrationProto", dependencies: ["CProtobufC"]),

    // Floor 1: the only rooms that import C and may be unsafe.
    .target(name: "NetworkAddress", swiftSettings: room),
    .target(
      name: "Reactor",
      dependencies: [
        "CEpoll",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: room),
    .target(
      name: "ProtobufC", dependencies: ["CProtobufC", "CIntegrationProto"], swiftSettings: room),
    .target(
      name: "PostgresClient",
      dependencies: [
        "CLibpq", "Reactor", crypto, logging,
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: room),
    .target(
      name: "OutboundHTTP",
      dependencies: [
        "CCurl", "NetworkAddress", "Reactor",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: room),

    // Floor 2: the wire, and pure rules.
    .target(
      name: "TTRPC",
      dependencies: [
        "ProtobufC", "Reactor", logging,
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: room),
    .target(
      name: "TTRPCServer",
      dependencies: ["TTRPC", "ProtobufC", "Reactor", logging], swiftSettings: room),
    .target(
      name: "KeyRules", dependencies: ["NetworkAddress", crypto], swiftSettings: room),
    .target(name: "Signing", dependencies: ["KeyRules", crypto], swiftSettings: room),
    .target(name: "DeliveryRules", swiftSettings: room),
    .target(name: "JSONSchema", swiftSettings: room),

    // Floor 3: generated from proto/.
    .target(name: "IntegrationAPI", dependencies: ["ProtobufC", "TTRPC"], swiftSettings: room),

    // Floor 4: the services, and the library others link.
    .target(
      name: "Integrations",
      dependencies: [
        "IntegrationAPI", "TTRPC", "Reactor", "ProtobufC", "PostgresClient", "OutboundHTTP",
        "NetworkAddress", "KeyRules", "Signing", "DeliveryRules", "JSONSchema", crypto, logging,
      ],
      resources: [.embedInCode("Migrations")],
      swiftSettings: room),
    .target(
      name: "IntegrationClient", dependencies: ["IntegrationAPI", "TTRPC", "Reactor", "ProtobufC"],
      swiftSettings: room),

    // Floor 5: programs.
    .executableTarget(
      name: "integrationd",
      dependencies: [
        "Integrations", "IntegrationAPI", "TTRPC", "TTRPCServer", "Reactor", "PostgresClient",
        "OutboundHTTP", "NetworkAddress", "KeyRules", arguments, logging,
      ],
      swiftSettings: room),
    .executableTarget(
      name: "integrationctl",
      dependencies: [
        "IntegrationClient", "IntegrationAPI", "TTRPC", "Reactor", "ProtobufC", "Signing",
        arguments, .product(name: "FlyingFox", package: "FlyingFox"),
        .product(name: "FlyingSocks", package: "FlyingFox"),
      ],
      swiftSettings: room),

    // Tests: a folder per module.
    .target(
      name: "TestSupport", dependencies: ["PostgresClient", "Reactor", "TTRPC", logging],
      path: "Tests/TestSupport"),
    .target(
      name: "CFixtures", dependencies: ["CIntegrationProto", "CProtobufC"],
      path: "Tests/CFixtures"),
    .target(
      name: "Fixtures", dependencies: ["CFixtures", "ProtobufC", "TTRPC"], path: "Tests/Fixtures",
      swiftSettings: room),
    .testTarget(name: "ReactorTests", dependencies: ["Reactor"]),
    .testTarget(name: "ProtobufCTests", dependencies: ["ProtobufC", "CProtobufC"]),
    .testTarget(
      name: "PostgresClientTests",
      dependencies: ["PostgresClient", "Reactor", "TestSupport", logging]),
    .testTarget(
      name: "TTRPCTests", dependencies: ["TTRPC", "TTRPCServer", "Reactor", "ProtobufC", logging]),
    .testTarget(name: "NetworkAddressTests", dependencies: ["NetworkAddress"]),
    .testTarget(
      name: "OutboundHTTPTests", dependencies: ["OutboundHTTP", "NetworkAddress", "Reactor"]),
    .testTarget(name: "KeyRulesTests", dependencies: ["KeyRules"]),
    .testTarget(name: "SigningTests", dependencies: ["Signing", "KeyRules"]),
    .testTarget(name: "DeliveryRulesTests", dependencies: ["DeliveryRules"]),
    .testTarget(name: "JSONSchemaTests", dependencies: ["JSONSchema"]),
    .testTarget(
      name: "IntegrationAPITests",
      dependencies: ["IntegrationAPI", "TTRPC", "TTRPCServer", "ProtobufC", "Reactor", "Fixtures"],
      exclude: ["Golden"]),
    .testTarget(
      name: "IntegrationClientTests",
      dependencies: [
        "IntegrationClient", "IntegrationAPI", "TTRPC", "TTRPCServer", "Reactor", "ProtobufC",
      ]),
    .testTarget(
      name: "IntegrationsTests",
      dependencies: [
        "Integrations", "IntegrationAPI", "TTRPC", "Reactor", "ProtobufC", "PostgresClient",
        "KeyRules", "Signing", "DeliveryRules", "JSONSchema", "OutboundHTTP", "NetworkAddress",
        "TestSupport", crypto, logging, .product(name: "FlyingFox", package: "FlyingFox"),
      ]),
    .testTarget(
      name: "DaemonTests",
      dependencies: [
        "IntegrationClient", "IntegrationAPI", "PostgresClient", "Reactor", "Signing",
        "TestSupport", "integrationd", "integrationctl",
      ]),
    .testTarget(name: "ArchitectureTests"),
  ]
)

// The wire alone, to be measured (make bench).
if Context.environment["INTEGRATIOND_BENCH"] != nil {
  package.targets.append(
    .executableTarget(
      name: "wire-bench", dependencies: ["TTRPC", "TTRPCServer", "ProtobufC", "Reactor", logging],
      path: "Benchmarks/wire/Server", swiftSettings: room))
}

// What `make fuzz` builds. Nothing else sees it: it has no main, libFuzzer brings one.
if Context.environment["INTEGRATIOND_FUZZ"] != nil {
  package.products.append(.executable(name: "fuzz", targets: ["Fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "IntegrationAPI", "TTRPC", "TTRPCServer", "ProtobufC", "OutboundHTTP", "NetworkAddress",
        "KeyRules", "Signing", "DeliveryRules", "JSONSchema", "Fixtures",
      ],
      path: "Fuzz/Sources",
      swiftSettings: room))
}
