internal import Crypto
package import IntegrationAPI
package import ProtobufC
internal import TTRPC

/// A request that may be repeated under a key.
package protocol IdempotentRequest: Message {
  /// Empty: not idempotent.
  var idempotencyKey: String { get set }
}

extension CreateTenantRequest: IdempotentRequest {}
extension SuspendTenantRequest: IdempotentRequest {}
extension ResumeTenantRequest: IdempotentRequest {}
extension RetryDeliveryRequest: IdempotentRequest {}

extension IdempotentRequest {
  /// Length of ``digest(of:)`` in bytes.
  static var digestLength: Int { 32 }

  /// What two requests have in common exactly when they ask the same of the same method: SHA-256 of
  /// the method and the request without its key. Our own serialisation is canonical: fields by
  /// number, no unknown ones, no maps.
  func digest(of method: MethodName) throws(MessageError) -> [UInt8] {
    var request = self
    request.idempotencyKey = ""
    var hash = SHA256()
    hash.update(data: Array(method.description.utf8) + [0])
    hash.update(data: try request.serialized())
    return Array(hash.finalize())
  }
}
