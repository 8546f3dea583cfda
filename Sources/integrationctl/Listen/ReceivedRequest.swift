import Foundation
import IntegrationClient
import Signing

/// A request that `webhooks listen` has received, and what it answers.
struct ReceivedRequest {
  let time: ProtoTimestamp
  let method: String
  let target: String
  /// By name.
  let headers: [SignatureHeader]
  /// Nil: it was longer than is taken.
  let body: [UInt8]?
  let verdict: SignatureVerdict
  /// Whether a request with the same `webhook-id` came before.
  let isRepetition: Bool
  let status: Int

  var webhookID: String? {
    headers.first { $0.name.lowercased() == SignatureHeader.id }?.value
  }

  /// For people, over several lines.
  func text(withHeaders: Bool) -> String {
    var details = [
      "webhook-id: \(webhookID ?? "-")\(isRepetition ? ", seen before" : "")",
      "signature: \(verdict.word)\(verdict.reason.map { ": \($0)" } ?? "")",
    ]
    if withHeaders { details += headers.map { "header: \($0.name): \($0.value)" } }
    details.append("body: \(body.map { Format.size($0.count) } ?? "too long")")
    let shown = body.flatMap { $0.isEmpty ? nil : BodyText.lines($0) } ?? []
    let start = TerminalText.line("\(Format.time(time)) \(method) \(target) -> \(status)")
    return
      ([start] + details.map { "  \(TerminalText.line($0))" } + shown.map { "    \($0)" } + [""])
      .joined(separator: "\n")
  }

  /// For programs, on one line.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = body.flatMap { String(validating: $0, as: UTF8.self) }
    let record = Record(
      time: try JSON.text(of: time).replacing("\"", with: ""), method: method, target: target,
      headers: headers.map { [$0.name, $0.value] }, webhookId: webhookID,
      bytes: body?.count, body: text,
      bodyBase64: text == nil ? body.map { Data($0).base64EncodedString() } : nil,
      signature: verdict.word, reason: verdict.reason, seenBefore: isRepetition, status: status)
    return JSON.printable(String(decoding: try encoder.encode(record), as: UTF8.self))
  }

  private struct Record: Encodable {
    let time: String
    let method: String
    let target: String
    let headers: [[String]]
    let webhookId: String?
    let bytes: Int?
    let body: String?
    let bodyBase64: String?
    let signature: String
    let reason: String?
    let seenBefore: Bool
    let status: Int
  }
}
