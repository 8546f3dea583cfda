// swift-tools-version: 6.2
import PackageDescription

let room: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// What turns `proto/` into Swift. A package of its own, so that building integrationd never builds
/// swift-protobuf: the generated code is committed, and only `make generate` comes here.
let package = Package(
  name: "Tools",
  products: [
    .executable(name: "protoc-gen-integration-swift", targets: ["protoc-gen-integration-swift"]),
    .executable(name: "check-compatibility", targets: ["check-compatibility"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0")
  ],
  targets: [
    .target(
      name: "ContractGenerator",
      dependencies: [
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf"),
      ],
      swiftSettings: room),
    .target(
      name: "ContractCompatibility",
      dependencies: [.product(name: "SwiftProtobuf", package: "swift-protobuf")],
      swiftSettings: room),
    .executableTarget(
      name: "protoc-gen-integration-swift",
      dependencies: [
        "ContractGenerator",
        .product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf"),
      ],
      swiftSettings: room),
    .executableTarget(
      name: "check-compatibility", dependencies: ["ContractCompatibility"], swiftSettings: room),
    .testTarget(
      name: "ContractGeneratorTests",
      dependencies: [
        "ContractGenerator", "check-compatibility", "protoc-gen-integration-swift",
        .product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Protos", "Golden"]),
    .testTarget(
      name: "ContractCompatibilityTests",
      dependencies: [
        "ContractCompatibility", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
  ]
)
