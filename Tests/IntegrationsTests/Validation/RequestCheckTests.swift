import FoundationEssentials
import IntegrationAPI
import Integrations
import ProtobufC
import TTRPC
import Testing

@Suite("Request checks")
struct RequestCheckTests {
  private func violations(_ body: (inout RequestCheck) -> Void) -> [String] {
    var check = RequestCheck()
    body(&check)
    return check.violations.map { "\($0.field) \($0.description)" }
  }

  @Test("all violations are told at once, the first in the message")
  func collected() throws {
    var check = RequestCheck()
    _ = check.tenant("x")
    _ = check.line("", "display_name", 1...200)
    check.refuse("state", "is odd")
    let finish = check
    let error = try #require(throws: ServiceError.self) { try finish.finish() }
    #expect(error.code == .invalidArgument)
    #expect(
      error.message
        == "tenant_id must be a UUID like 0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11 (and 2 more)")
    #expect(error.rpcError.fieldViolations.map(\.field) == ["tenant_id", "display_name", "state"])
  }

  @Test("a request without fault passes")
  func clean() throws {
    var check = RequestCheck()
    let tenant = check.tenant("0F6C1F0E-54c0-4f6c-8d0c-7f3f3d1f2a11")
    #expect(check.line("Zoë's school 🏫", "name", 1...200) == "Zoë's school 🏫")
    #expect(check.lines("one\r\n\ttwo", "notes", 0...20) == "one\r\n\ttwo")
    #expect(check.pageSize(0) == 50)
    #expect(check.pageSize(1000) == 1000)
    #expect(check.idempotencyKey("") == nil)
    #expect(check.idempotencyKey("order-7")?.text == "order-7")
    #expect(check.known(TenantState.active, "state", [.active]) == .active)
    try check.finish()
    #expect(tenant.description == "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11")
  }

  @Test(
    "only the strict form of a UUID is one",
    arguments: [
      "0f6c1f0e54c04f6c8d0c7f3f3d1f2a11", "{0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11}",
      "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a1", "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a111",
      "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a1g", "0f6c1f0e54c0--4f6c-8d0c-7f3f3d1f2a11",
      " 0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a1", "0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a١",
    ])
  func badUUID(text: String) {
    #expect(UUID(strict: text) == nil)
    #expect(
      violations { _ = $0.uuid(text, "key_id") }
        == ["key_id must be a UUID like 0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11"])
  }

  @Test("a missing UUID and the nil UUID are refused")
  func missingUUID() {
    #expect(violations { _ = $0.uuid("", "key_id") } == ["key_id is missing"])
    #expect(
      violations { _ = $0.tenant("00000000-0000-0000-0000-000000000000") }
        == ["tenant_id must not be the nil UUID"])
  }

  @Test("a UUID survives its text and its bytes")
  func roundTrip() {
    for _ in 0..<100 {
      let uuid = UUID()
      #expect(uuid.text == uuid.uuidString.lowercased())
      #expect(UUID(strict: uuid.text) == uuid)
      #expect(UUID(bytes: uuid.bytes) == uuid)
    }
  }

  @Test("the paths of a mask come once each, and those no field can have are refused")
  func paths() throws {
    var check = RequestCheck()
    let mask = ProtoFieldMask(paths: ["b", "a", "b", "c"])
    #expect(check.paths(of: mask).map { "\($0.index) \($0.path)" } == ["0 b", "1 a", "3 c"])
    try check.finish()
    for none in [nil, ProtoFieldMask()] {
      #expect(
        violations { _ = $0.paths(of: none) } == ["update_mask must name at least one field"])
    }
    #expect(
      violations { _ = $0.paths(of: ProtoFieldMask(paths: Array(repeating: "a", count: 101))) }
        == ["update_mask must name at most 100 fields"])
    // A letter under sixty thousand accents: to compare it takes long.
    let accents = "a" + String(repeating: "\u{301}", count: 60_000)
    #expect(
      violations { _ = $0.paths(of: ProtoFieldMask(paths: ["a", accents])) }
        == ["update_mask.paths[1] is not a field that can be changed"])
  }

  @Test("lengths are counted in Unicode scalars")
  func lengths() {
    let flag = "🇦🇹"  // two scalars, one Character
    #expect(violations { _ = $0.line(String(repeating: flag, count: 100), "n", 1...200) } == [])
    #expect(
      violations { _ = $0.line(String(repeating: flag, count: 100) + "x", "n", 1...200) }
        == ["n must be at most 200 characters long, not 201"])
    #expect(violations { _ = $0.line("a", "n", 2...3) } == ["n must be at least 2 characters long"])
    #expect(violations { _ = $0.line("", "n", 1...3) } == ["n is missing"])
  }

  @Test(
    "control characters are refused",
    arguments: ["\u{0}", "\u{1}", "\u{7F}", "\u{85}", "\u{2028}", "\u{202E}", "\u{2066}", "\u{1B}"])
  func controls(character: String) {
    let words = ["n must not hold control characters"]
    #expect(violations { _ = $0.line("a\(character)b", "n", 0...9) } == words)
    #expect(violations { _ = $0.lines("a\(character)b", "n", 0...9) } == words)
  }

  @Test("a line holds no line feed", arguments: ["\n", "\r", "\t", "\r\n"])
  func lineFeeds(character: String) {
    #expect(violations { _ = $0.line("a\(character)b", "n", 0...9) }.count == 1)
    #expect(violations { _ = $0.lines("a\(character)b", "n", 0...9) } == [])
  }

  @Test("page sizes outside 1 to 1000 are refused", arguments: [-1, 1001, Int32.min, .max])
  func pageSizes(size: Int32) {
    #expect(violations { _ = $0.pageSize(size) } == ["page_size must be from 1 to 1000"])
  }

  @Test(
    "an idempotency key is visible ASCII",
    arguments: ["a b", "é", "\u{7F}", String(repeating: "k", count: 256)])
  func idempotencyKeys(key: String) {
    #expect(
      violations { _ = $0.idempotencyKey(key) }
        == ["idempotency_key must be 1 to 255 visible ASCII characters"])
  }

  @Test("the longest idempotency key is taken")
  func longestKey() {
    #expect(violations { _ = $0.idempotencyKey(String(repeating: "~", count: 255)) } == [])
  }

  @Test("an enum value this daemon does not know is refused")
  func unknownEnum() {
    #expect(
      violations { _ = $0.known(TenantState.unrecognized(9), "state", [.active]) }
        == ["state is 9, which is not a known value"])
  }
}
