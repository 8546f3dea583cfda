package import Crypto
internal import FoundationEssentials
package import KeyRules

/// Makes and reads page tokens.
///
/// A token is a cursor with an authentication code over the cursor and the whole question, so it
/// fits the listing, the tenant and the filters it was made for and nothing else. Layout, base64url
/// without padding: 1 byte format = 1, 8 bytes microseconds big-endian, 16 bytes id, 32 bytes
/// HMAC-SHA-256. Daemons with the same keyring read each other's tokens.
package struct PageTokens: Sendable {
  /// A listing and everything that decides what is in it.
  package struct Question: Sendable {
    fileprivate let parts: [[UInt8]]

    /// - Parameters:
    ///   - listing: the method, as in `integration.v1.TenantService/ListTenants`.
    ///   - filters: each filter as text, in a fixed order. Not the page size: it may change.
    package init(_ listing: String, tenant: TenantID, filters: [String]) {
      parts = ([listing, tenant.description] + filters).map { Array($0.utf8) }
    }
  }

  private static let cursorLength = 25
  private static let codeLength = 32

  /// The first one makes tokens, all of them read tokens.
  private let keys: [SymmetricKey]

  package init(keys: [SymmetricKey]) { self.keys = keys }

  /// Keys that follow from the ring's peppers. The label is no token's form, so the digest is no
  /// token's digest.
  package init(_ keyring: Keyring) {
    let label = Array("integrationd page tokens 1".utf8)
    keys = keyring.peppers.map { SymmetricKey(data: $0.digest(of: label.span)) }
  }

  /// The token that asks for what follows `cursor`.
  package func token(_ cursor: PageCursor, for question: Question) -> String {
    guard let key = keys.first else { return "" }
    var bytes: [UInt8] = [1]
    Self.append(cursor.unixMicroseconds, to: &bytes)
    bytes += cursor.id.bytes
    bytes += HMAC<SHA256>.authenticationCode(for: Self.covered(bytes, question), using: key)
    return Data(bytes).base64EncodedString()
      .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// What a token is answered with that is not one of ours or was made for another question.
  static let refusal = ServiceError.invalid(
    "page_token", "was not made by this daemon for this tenant and these filters")

  /// Reads a token. Empty: nil, the first page.
  /// - Throws: ``ServiceError`` `invalidArgument` on `page_token` when the token is not one of ours
  ///   or was made for another question.
  package func cursor(
    _ token: String, for question: Question
  ) throws(ServiceError) -> PageCursor? {
    guard !token.isEmpty else { return nil }
    guard token.utf8.count == (Self.cursorLength + Self.codeLength) * 4 / 3,
      let data = Data(
        base64Encoded: token.replacing("-", with: "+").replacing("_", with: "/"))
    else { throw Self.refusal }
    let cursor = Array(data.prefix(Self.cursorLength))
    let code = data.dropFirst(Self.cursorLength)
    let covered = Self.covered(cursor, question)
    guard
      keys.contains(where: {
        HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: covered, using: $0)
      }), cursor[0] == 1
    else { throw Self.refusal }
    return PageCursor(
      unixMicroseconds: Int64(
        truncatingIfNeeded: cursor[1..<9].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }),
      id: UUID(bytes: Array(cursor[9..<25])))
  }

  private static func covered(_ cursor: [UInt8], _ question: Question) -> [UInt8] {
    var bytes = cursor
    for part in question.parts {
      append(UInt64(part.count), to: &bytes)
      bytes += part
    }
    return bytes
  }

  /// Big-endian.
  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    for shift in stride(from: number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
