package import ProtobufC

/// `google.rpc.Status` and its details.
extension RPCError {
  /// Longest serialized status that is sent, in bytes.
  package static let maxStatusBytes = 64 << 10

  /// The error as a message. Details that cannot travel are left out.
  package var status: RPCStatus {
    RPCStatus(code: code.rawValue, message: message, details: details.compactMap(\.packed))
  }

  /// What goes into the `status` of a response. Always succeeds: details that cannot travel are left
  /// out, and what is too long is cut to its code.
  package func serializedStatus() -> [UInt8] {
    do throws(MessageError) {
      let bytes = try status.serialized()
      if bytes.count <= Self.maxStatusBytes { return bytes }
    } catch {
      // A NUL in the message: said again without the text.
    }
    // Three small numbers: field 1, varint, the code.
    return [0x08, UInt8(truncatingIfNeeded: code.rawValue)]
  }

  /// The error that a response carries; nil when its status is a success.
  /// - Throws: when the bytes are not a `google.rpc.Status`.
  package init?(serializedStatus bytes: Span<UInt8>) throws(MessageError) {
    let status = try RPCStatus(serialized: bytes, limits: .response)
    guard status.code != 0 else { return nil }
    self.init(
      StatusCode(rawValue: status.code) ?? .unknown, status.message,
      details: status.details.map(StatusDetail.init(unpacking:)))
  }
}

extension RPCError {
  /// For a payload that is not the message it should be.
  package init(undecodable error: MessageError) {
    self.init(
      .invalidArgument, error.summary, details: [.badRequest(error.violations)])
  }
}

extension StatusDetail {
  /// The detail as it travels; nil when it holds text that cannot.
  var packed: ProtoAny? {
    switch self {
    case .badRequest(let violations):
      pack(
        RPCBadRequest(
          fieldViolations: violations.map {
            RPCBadRequest.FieldViolation(field: $0.field, description: $0.description)
          }))
    case .retryInfo(let delay):
      pack(RPCRetryInfo(retryDelay: ProtoDuration(delay)))
    case .quotaFailure(let violations):
      pack(
        RPCQuotaFailure(
          violations: violations.map {
            RPCQuotaFailure.Violation(subject: $0.subject, description: $0.description)
          }))
    case .errorInfo(let reason):
      pack(RPCErrorInfo(reason: reason, domain: "integrationd"))
    case .requestInfo(let id):
      pack(RPCRequestInfo(requestId: id))
    case .resourceInfo(let type, let name):
      pack(RPCResourceInfo(resourceType: type, resourceName: name))
    case .other(let any):
      any
    }
  }

  private func pack<Detail: Message>(_ detail: Detail) -> ProtoAny? {
    do throws(MessageError) {
      return ProtoAny(
        typeUrl: "type.googleapis.com/\(Detail.descriptor.fullName)",
        value: try detail.serialized())
    } catch {
      // A NUL in one of the texts. The error itself still travels.
      return nil
    }
  }

  /// Reads a detail; what is unknown or malformed is kept as it is.
  package init(unpacking any: ProtoAny) {
    do throws(MessageError) {
      self = try Self.unpack(any)
    } catch {
      self = .other(any)
    }
  }

  private static func unpack(_ any: ProtoAny) throws(MessageError) -> StatusDetail {
    switch any.typeUrl {
    case "type.googleapis.com/google.rpc.BadRequest":
      let detail = try RPCBadRequest(serialized: any.value)
      return .badRequest(
        detail.fieldViolations.map {
          FieldViolation(field: $0.field, description: $0.description)
        })
    case "type.googleapis.com/google.rpc.RetryInfo":
      let detail = try RPCRetryInfo(serialized: any.value)
      guard let delay = detail.retryDelay?.duration else { return .other(any) }
      return .retryInfo(delay)
    case "type.googleapis.com/google.rpc.QuotaFailure":
      let detail = try RPCQuotaFailure(serialized: any.value)
      return .quotaFailure(
        detail.violations.map {
          QuotaViolation(subject: $0.subject, description: $0.description)
        })
    case "type.googleapis.com/google.rpc.ErrorInfo":
      let detail = try RPCErrorInfo(serialized: any.value)
      // A reason is only unique within its domain: another daemon's stays whole.
      guard detail.domain == "integrationd" else { return .other(any) }
      return .errorInfo(reason: detail.reason)
    case "type.googleapis.com/google.rpc.RequestInfo":
      return .requestInfo(id: try RPCRequestInfo(serialized: any.value).requestId)
    case "type.googleapis.com/google.rpc.ResourceInfo":
      let detail = try RPCResourceInfo(serialized: any.value)
      return .resourceInfo(type: detail.resourceType, name: detail.resourceName)
    default:
      return .other(any)
    }
  }
}
