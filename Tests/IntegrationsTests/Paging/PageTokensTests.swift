import Crypto
import FoundationEssentials
import Integrations
import KeyRules
import Testing

@Suite("Page tokens")
struct PageTokensTests {
  private let tokens = PageTokens(keys: [SymmetricKey(size: .bits256)])
  private let tenant = TenantID(UUID())
  private var question: PageTokens.Question {
    PageTokens.Question("S/List", tenant: tenant, filters: ["a", "b"])
  }

  private func refuses(
    _ token: String, _ question: PageTokens.Question, _ tokens: PageTokens? = nil
  ) -> Bool {
    do {
      _ = try (tokens ?? self.tokens).cursor(token, for: question)
      return false
    } catch {
      return error.code == .invalidArgument
        && error.rpcError.fieldViolations.map(\.field) == ["page_token"]
    }
  }

  @Test(
    "a cursor survives its token",
    arguments: [0, 1, -1, 1_700_000_000_123_456, Int64.max, Int64.min])
  func roundTrip(moment: Int64) throws {
    let cursor = PageCursor(unixMicroseconds: moment, id: UUID())
    let token = tokens.token(cursor, for: question)
    #expect(try tokens.cursor(token, for: question) == cursor)
    #expect(token.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") })
  }

  @Test("no token asks for the first page")
  func empty() throws {
    #expect(try tokens.cursor("", for: question) == nil)
  }

  @Test("a token fits only the question it was made for")
  func bound() {
    let token = tokens.token(PageCursor(unixMicroseconds: 1), for: question)
    #expect(!refuses(token, question))
    #expect(refuses(token, .init("S/List", tenant: TenantID(UUID()), filters: ["a", "b"])))
    #expect(refuses(token, .init("S/Other", tenant: tenant, filters: ["a", "b"])))
    #expect(refuses(token, .init("S/List", tenant: tenant, filters: ["a", "c"])))
    #expect(refuses(token, .init("S/List", tenant: tenant, filters: ["a"])))
    #expect(refuses(token, .init("S/List", tenant: tenant, filters: ["ab", ""])))
  }

  @Test("every change of a token is noticed")
  func tampering() {
    let token = Array(tokens.token(PageCursor(unixMicroseconds: 7, id: UUID()), for: question).utf8)
    for index in token.indices {
      var changed = token
      changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(refuses(String(decoding: changed, as: UTF8.self), question))
    }
    for length in 1..<token.count {
      #expect(refuses(String(decoding: token[..<length], as: UTF8.self), question))
    }
    for junk in ["x", "====", String(repeating: "é", count: 38), String(repeating: "A", count: 76)]
    {
      #expect(refuses(junk, question))
    }
  }

  @Test("daemons with one keyring read each other's tokens, others do not")
  func keyrings() throws {
    let ring = try Keyring.generate()
    let cursor = PageCursor(unixMicroseconds: 3, id: UUID())
    let token = PageTokens(ring).token(cursor, for: question)
    #expect(try PageTokens(ring).cursor(token, for: question) == cursor)
    #expect(refuses(token, question, PageTokens(try Keyring.generate())))
  }

  @Test("tokens made with an older pepper are still read")
  func rotation() throws {
    let old = MasterKey.generate(.pepper, version: 1)
    let encryption = MasterKey.generate(.keyEncryption, version: 1)
    let cursor = PageCursor(unixMicroseconds: 3, id: UUID())
    let token = PageTokens(try Keyring([old, encryption])).token(cursor, for: question)
    let rotated = try Keyring([old, .generate(.pepper, version: 2), encryption])
    #expect(try PageTokens(rotated).cursor(token, for: question) == cursor)
  }
}
