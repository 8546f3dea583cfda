import Fixtures
import IntegrationAPI
import ProtobufC
import Testing

/// Enums name the numbers of the contract and keep those it has no name for.
@Suite
struct EnumTests {
  private static let types: [any ProtoEnum.Type] = [
    ApiKeyState.self, ComponentState.self, Environment.self, HealthCheckResponse.ServingStatus.self,
    AttemptCause.self, AttemptStatus.self, DeliveryState.self, WebhookAuthType.self,
    WebhookRetryPreset.self, WebhookSignatureProfile.self, WebhookState.self,
    WebhookStatusAction.self, TenantState.self, UsageGranularity.self, VerificationCode.self,
    Color.self,
    Everything.Inner.Level.self,
  ]

  static let names = types.map { $0.descriptor.fullName }

  @Test("every enum of the contract is tested")
  func complete() {
    #expect(Set(Self.names).isSuperset(of: DescriptorRegistry.enums.map(\.fullName)))
  }

  @Test("named numbers have cases of their own, other numbers are kept", arguments: names)
  func numbers(name: String) throws {
    let type = try #require(Self.types.first { $0.descriptor.fullName == name })
    check(type)
  }

  private func check<E: ProtoEnum>(_ type: E.Type) {
    let named = E.descriptor.values.map(\.number)
    let numbers = Set((-2...200) + named + [.min, .max])
    for number in numbers {
      let value = E(rawValue: number)
      #expect(value.rawValue == number)
      let isKept = "\(value)" == "unrecognized(\(number))"
      #expect(isKept != named.contains(number), "\(E.descriptor.fullName) \(number): \(value)")
    }
    #expect(Set(numbers.map { E(rawValue: $0) }).count == numbers.count)
  }
}
