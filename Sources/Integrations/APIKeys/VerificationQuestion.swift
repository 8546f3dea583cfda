internal import IntegrationAPI
internal import KeyRules
internal import NetworkAddress

/// What a verification asks, checked.
struct VerificationQuestion: Sendable {
  /// What was presented, whatever it is.
  var presented: [UInt8]
  var environment: KeyEnvironment
  /// Nil: any tenant the caller may see.
  var tenant: TenantID?
  var address: IPAddress?
  /// Empty: none was given.
  var endpoint: String
  var cost: Int32
  var isPeek: Bool
  var signedPayload: [UInt8]
  /// Empty: none was presented.
  var signature: [UInt8]

  /// - Throws: ``ServiceError`` `invalidArgument` with everything that is wrong.
  init(_ request: VerifyApiKeyRequest) throws(ServiceError) {
    var check = RequestCheck()
    check.size(request.apiKey.utf8.count, "api_key", atMost: 512)
    presented = Array(request.apiKey.utf8)
    environment = check.environment(request.environment)
    tenant = request.tenantId.isEmpty ? nil : check.tenant(request.tenantId)
    if !request.ipAddress.isEmpty {
      address = IPAddress(request.ipAddress)
      if address == nil {
        check.refuse(
          "ip_address", "must be an IPv4 or IPv6 address, without zone id and leading zeros")
      }
    }
    endpoint = request.endpoint
    if request.endpoint.unicodeScalars.count > 2000 {
      check.refuse("endpoint", "must be at most 2000 characters long")
    }
    cost = check.number(request.cost == 0 ? 1 : request.cost, "cost", 1...1_000_000)
    isPeek = request.peek
    check.size(request.signedPayload.count, "signed_payload", atMost: 65_536)
    signedPayload = request.signedPayload
    if !request.signature.isEmpty, request.signature.count != RequestSignature.length {
      check.refuse("signature", "must be \(RequestSignature.length) bytes long")
    }
    signature = request.signature
    try check.finish()
  }
}
