internal import IntegrationAPI
internal import KeyRules
internal import Logging
internal import PostgresClient
internal import ProtobufC
internal import Reactor
internal import TTRPC

/// Decides verifications, in the order that `api_keys.proto` promises.
///
/// Nothing about a key is remembered from one verification to the next: each reads the key, so a
/// change, a rotation or a revocation is obeyed by the next one, on every daemon.
struct APIKeyVerifier: Sendable {
  private let keys: APIKeyRepository
  private let limiter: RateLimiter
  private let usage: UsageRecorder
  private let keyring: Keyring
  private let access: AccessControl
  private let restrictions = KeyRestrictionsCache()
  private let logger: Logger

  init(_ environment: ServiceEnvironment, limiter: RateLimiter, usage: UsageRecorder) {
    keys = APIKeyRepository(database: environment.database)
    self.limiter = limiter
    self.usage = usage
    keyring = environment.keyring
    access = environment.access
    logger = environment.logger
  }

  func verify(
    _ question: VerificationQuestion, _ call: CallContext
  ) async throws -> VerifyApiKeyResponse {
    guard case .apiKey = Token.kind(of: question.presented.span) else {
      return VerifyApiKeyResponse(code: .malformed)
    }
    guard let key = try await find(question, call) else {
      return VerifyApiKeyResponse(code: .notFound)
    }
    if let refusal = try refusal(of: key, question) {
      record(refusal, key, question, at: key.foundAt)
      return response(refusal, key)
    }
    guard key.hasLimits else {
      record(.allowed, key, question, at: key.foundAt)
      await rehash(key, question, call)
      return response(.allowed, key)
    }
    let request = LimitRequest(
      tenant: key.tenant, key: key.id, cost: question.cost, isPeek: question.isPeek)
    guard let decision = try await decide(request, call) else {
      return VerifyApiKeyResponse(code: .notFound)
    }
    record(decision.code, key, question, at: decision.decidedAt)
    if decision.code == .allowed { await rehash(key, question, call) }
    var response = response(decision.code, key)
    response.windows = decision.windows
    response.retryAfter = decision.retryAfter.map { wait in
      ProtoDuration(
        seconds: wait.components.seconds, nanos: Int32(wait.components.attoseconds / 1_000_000_000))
    }
    return response
  }

  /// The key that was presented, if it is one that this caller may hear of.
  private func find(
    _ question: VerificationQuestion, _ call: CallContext
  ) async throws -> PresentedAPIKey? {
    let digests = keyring.peppers.map { $0.digest(of: question.presented.span) }
    guard let key = try await keys.find(digests: digests, deadline: call.deadline),
      digests.contains(where: { constantTimeEquals($0, key.digest) }),
      question.tenant == nil || question.tenant == key.tenant,
      try access.principal(of: call).mayActFor(key.tenant)
    else { return nil }
    return key
  }

  /// Why a key is refused before its limits are looked at. Nil: it is not.
  private func refusal(
    of key: PresentedAPIKey, _ question: VerificationQuestion
  ) throws -> VerificationCode? {
    if key.environment != question.environment { return .wrongEnvironment }
    if key.isRevoked { return .revoked }
    if !key.isActive { return .disabled }
    if key.tenantIsSuspended { return .tenantSuspended }
    if key.hasExpired { return .expired }
    if !question.signature.isEmpty, try !isSigned(question, key) { return .signatureInvalid }
    if !key.allowedIPAddresses.isEmpty {
      guard let address = question.address else { return .ipRequired }
      guard restrictions.restrictions(of: key).admits(address: address) else {
        return .ipNotAllowed
      }
    }
    if !key.allowedEndpoints.isEmpty {
      if question.endpoint.isEmpty { return .endpointRequired }
      guard restrictions.restrictions(of: key).admits(endpoint: question.endpoint) else {
        return .endpointNotAllowed
      }
    }
    return nil
  }

  private func isSigned(
    _ question: VerificationQuestion, _ key: PresentedAPIKey
  ) throws -> Bool {
    guard let sealed = key.sealedSigningSecret else { return false }
    let place = SigningSecretPlace(
      tenant: key.tenant, key: key.id, version: key.secretVersion)
    let secret: Secret
    do throws(EnvelopeError) {
      secret = try keyring.open(sealed, for: place.context)
    } catch {
      throw ServiceError(
        .internal, "the daemon failed", cause: UnreadableSigningSecret(key: key.id, error: error))
    }
    return RequestSignature.isValid(
      question.signature, of: question.signedPayload, with: secret)
  }

  private func decide(
    _ request: LimitRequest, _ call: CallContext
  ) async throws -> LimitDecision? {
    do {
      return try await limiter.decide(request, deadline: call.deadline, on: call.loop)
    } catch is DeadlineExceeded {
      throw ServiceError(.deadlineExceeded, "the database did not answer in time")
    } catch is CancellationError {
      throw ServiceError(.cancelled, "the call was cancelled")
    } catch let error as DatabaseError where error.kind == .outcomeUnknown {
      // It may have been charged. Asking again may charge again, but never admits too much.
      throw ServiceError(
        .unavailable, "it is not known whether the limits were charged: verify again",
        details: [.errorInfo(reason: ErrorReason.outcomeUnknown), .retryInfo(.zero)],
        cause: LoggedCause(error))
    }
  }

  /// Brings the stored digest to the primary pepper, unless it has a newer one: another daemon may
  /// have gone ahead already. A failure leaves it for the next time.
  private func rehash(
    _ key: PresentedAPIKey, _ question: VerificationQuestion, _ call: CallContext
  ) async {
    let pepper = keyring.primaryPepper
    guard key.pepperVersion < pepper.version, !question.isPeek else { return }
    do {
      try await keys.rehash(
        key, digest: pepper.digest(of: question.presented.span), pepperVersion: pepper.version,
        deadline: call.deadline)
    } catch {
      logger.debug(
        "a digest keeps its old pepper",
        metadata: ["key": "\(key.id)", "error": "\(error)"])
    }
  }

  private func record(
    _ code: VerificationCode, _ key: PresentedAPIKey, _ question: VerificationQuestion,
    at time: UnixTime
  ) {
    if question.isPeek { return }
    usage.record(
      code, of: UsageSubject(tenant: key.tenant, key: key.id, secretVersion: key.secretVersion),
      at: time)
  }

  private func response(_ code: VerificationCode, _ key: PresentedAPIKey) -> VerifyApiKeyResponse {
    var response = VerifyApiKeyResponse(code: code)
    response.allowed = code == .allowed
    response.tenantId = key.tenant.description
    response.keyId = key.id.description
    response.keyName = key.keyName
    response.environment = Environment(key.environment)
    response.secretVersion = key.secretVersion
    response.expiresAt = key.expiresAt?.timestamp
    response.successorExists = key.newestVersion > key.secretVersion
    return response
  }
}

/// A stored signing secret does not open. For the log.
struct UnreadableSigningSecret: Error, CustomStringConvertible {
  let key: APIKeyID
  let error: EnvelopeError

  var description: String { "the signing secret of key \(key) does not open: \(error)" }
}
