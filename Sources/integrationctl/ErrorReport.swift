import IntegrationClient
import ProtobufC

/// Tells a failed call on standard error: what was refused, why, and what to do about it.
enum ErrorReport {
  static func print(_ error: RPCError, json: Bool) {
    guard json else { return writeError(describe(error)) }
    do {
      writeError(try JSON.text(of: error.status))
    } catch {
      // A detail that JSON cannot carry; the words can.
      writeError("error: the status cannot be shown as JSON: \(error)")
    }
  }

  static func describe(_ error: RPCError) -> String {
    var lines = ["error: \(error.message) (\(error.code.name))"]
    for detail in error.details {
      switch detail {
      case .badRequest(let violations):
        lines += violations.map { "  \($0.field): \($0.description)" }
      case .retryInfo(let delay): lines.append("  try again in \(Format.duration(delay))")
      case .quotaFailure(let violations):
        lines += violations.map { "  \($0.subject): \($0.description)" }
      case .errorInfo(let reason): lines.append("  reason: \(reason)")
      case .requestInfo(let id): lines.append("  the daemon's log has the cause under id \(id)")
      case .resourceInfo(let type, let name): lines.append("  \(type): \(name)")
      case .other(let any): lines.append("  detail: \(any.typeUrl)")
      }
    }
    if error.reason == "UNREACHABLE" {
      lines.append("  is integrationd running? --socket or INTEGRATIOND_SOCKET name another socket")
    }
    return lines.map(TerminalText.line).joined(separator: "\n")
  }
}
