import ProtobufC
import Testing

@Suite("Descriptors")
struct DescriptorTests {
  @Test("a message tells its names and fields")
  func message() throws {
    let key = MessageDescriptor.integration_v1_ApiKey
    #expect(key.fullName == "integration.v1.ApiKey")
    #expect(key.shortName == "ApiKey")
    #expect(key.fields.map(\.number) == Array(1...22))
    let field = try #require(key.field(named: "allowed_ip_addresses"))
    #expect(field.jsonName == "allowedIpAddresses")
    #expect(key.field(named: "allowedIpAddresses") == field)
    #expect(field.isRepeated)
    #expect(field.kind == .string)
    #expect(key.field(named: "allowedIp_addresses") == nil)
    #expect(key.field(named: "") == nil)
    #expect(Set([key, MessageDescriptor.integration_v1_ApiKey]).count == 1)
    #expect(Set(key.fields).count == 22)
    let created = try #require(key.field(named: "created_at"))
    #expect(created.kind == .message(.google_protobuf_Timestamp))
  }

  @Test("every kind of field is told apart")
  func kinds() throws {
    let kinds: [FieldDescriptor.Kind] = [
      .int32, .sint32, .sfixed32, .int64, .sint64, .sfixed64, .uint32, .fixed32, .uint64, .fixed64,
      .float, .double, .bool, .string, .bytes, .enumeration(Colour.descriptor), .message(.testLeaf),
      .message(.testSink),
    ]
    let fields = MessageDescriptor.testSink.fields
    #expect(fields.prefix(18).map(\.kind) == kinds)
    let number = try #require(MessageDescriptor.testSink.field(named: "choice_number"))
    let flag = try #require(MessageDescriptor.testSink.field(named: "choice_flag"))
    #expect(flag.number == 536_870_911)
    #expect(number.isOneofMember && number.sharesOneof(with: flag))
    #expect(!fields[0].isOneofMember && !fields[0].sharesOneof(with: flag))
  }

  @Test("an enumeration finds its values both ways")
  func enumeration() {
    let colour = Colour.descriptor
    #expect(colour.fullName == "test.Colour")
    #expect(colour.shortName == "Colour")
    #expect(colour.values.map(\.number) == [-3, 0, 1, 700])
    for value in colour.values {
      #expect(colour.name(of: value.number) == value.name)
      #expect(colour.number(of: value.name) == value.number)
    }
    #expect(colour.name(of: 2) == nil)
    #expect(colour.number(of: "COLOUR") == nil)
    #expect(colour.number(of: "COLOUR_REDDER") == nil)
    #expect(Set(DescriptorRegistry.enums).count == DescriptorRegistry.enums.count)
  }

  @Test("a service tells its methods")
  func service() throws {
    let service = ServiceDescriptor.integration_v1_TenantService
    #expect(service.fullName == "integration.v1.TenantService")
    #expect(service.shortName == "TenantService")
    let create = try #require(service.methods.first)
    #expect(create.name == "CreateTenant")
    #expect(create.input == .integration_v1_CreateTenantRequest)
    #expect(create.output == .integration_v1_CreateTenantResponse)
    #expect(Set(DescriptorRegistry.services).count == DescriptorRegistry.services.count)
  }

  @Test("the registry finds every message by its name")
  func registry() {
    #expect(DescriptorRegistry.messages.count > 40)
    for message in DescriptorRegistry.messages {
      #expect(DescriptorRegistry.message(named: message.fullName) == message)
      #expect(DescriptorRegistry.message(typeURL: "a/b/\(message.fullName)") == message)
      #expect(DescriptorRegistry.message(typeURL: message.fullName) == nil)
    }
    #expect(DescriptorRegistry.message(named: "") == nil)
    #expect(DescriptorRegistry.message(typeURL: "x/") == nil)
  }
}
