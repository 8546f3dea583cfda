import Crypto
import KeyRules
import Testing

@Suite struct EnvelopeTests {
  private let context = EnvelopeContext(
    tenant: "11111111-1111-1111-1111-111111111111", table: "api_keys", column: "api_secret",
    row: "22222222-2222-2222-2222-222222222222", revision: 3)

  private func ring(_ versions: [(Int32, UInt8)]) throws -> Keyring {
    try Keyring(
      [MasterKey.generate(.pepper, version: 1)]
        + versions.map { version, byte in
          MasterKey(
            purpose: .keyEncryption, version: version,
            key: SymmetricKey(data: Array(repeating: byte, count: 32)))
        })
  }

  private func seal(_ text: [UInt8], _ ring: Keyring) throws -> [UInt8] {
    try ring.seal(text.span, for: context)
  }

  @Test("what is sealed opens to the same bytes", arguments: [0, 1, 15, 16, 17, 52, 4096])
  func roundTrip(length: Int) throws {
    let ring = try ring([(1, 1)])
    let clear = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
    let envelope = try seal(clear, ring)
    #expect(envelope.count == length + Keyring.envelopeOverhead)
    let opened = try ring.open(envelope, for: context)
    #expect(opened == Secret(copying: clear.span))
  }

  @Test("the same bytes never seal to the same envelope")
  func freshness() throws {
    let ring = try ring([(1, 1)])
    let envelopes = try (0..<200).map { _ in try seal([1, 2, 3], ring) }
    #expect(Set(envelopes).count == 200)
    #expect(Set(envelopes.map { $0[5..<21] }).count == 200)
  }

  @Test("an envelope opens in no other place")
  func places() throws {
    let ring = try ring([(1, 1)])
    let envelope = try seal(Array("secret".utf8), ring)
    let changes: [WritableKeyPath<EnvelopeContext, String>] = [
      \.tenant, \.table, \.column, \.row,
    ]
    for change in changes {
      for other in ["", "other", context[keyPath: change] + "x"] {
        var moved = context
        moved[keyPath: change] = other
        #expect(throws: EnvelopeError.refused) { try ring.open(envelope, for: moved) }
      }
    }
    for revision in [2, 4, Int64.min, .max] {
      var moved = context
      moved.revision = revision
      #expect(throws: EnvelopeError.refused) { try ring.open(envelope, for: moved) }
    }
    // Moving a character from one field to the next must not give the same associated data.
    var shifted = context
    shifted.table = "api_key"
    shifted.column = "sapi_secret"
    #expect(throws: EnvelopeError.refused) { try ring.open(envelope, for: shifted) }
  }

  @Test("any changed bit is noticed")
  func changes() throws {
    let ring = try ring([(1, 1)])
    let envelope = try seal(Array("secret".utf8), ring)
    for index in envelope.indices {
      for bit in 0..<8 {
        var changed = envelope
        changed[index] ^= 1 << bit
        #expect(throws: EnvelopeError.self) { try ring.open(changed, for: context) }
      }
    }
  }

  @Test("any truncation and extension is noticed")
  func lengths() throws {
    let ring = try ring([(1, 1)])
    let envelope = try seal(Array("secret".utf8), ring)
    for length in envelope.indices {
      #expect(throws: EnvelopeError.self) {
        try ring.open(Array(envelope[..<length]), for: context)
      }
    }
    #expect(throws: EnvelopeError.refused) { try ring.open(envelope + [0], for: context) }
    #expect(throws: EnvelopeError.malformed) { try ring.open([], for: context) }
  }

  @Test("new data is sealed with the newest key, old data opens while its key is kept")
  func rotation() throws {
    let old = try ring([(1, 1)])
    let both = try ring([(2, 2), (1, 1)])
    let new = try ring([(2, 2)])
    let first = try seal([1], old)
    let second = try seal([2], both)
    #expect(try both.open(first, for: context).reveal() == "\u{1}")
    #expect(try new.open(second, for: context).reveal() == "\u{2}")
    #expect(throws: EnvelopeError.unknownKey(version: 1)) { try new.open(first, for: context) }
    #expect(throws: EnvelopeError.unknownKey(version: 2)) { try old.open(second, for: context) }
  }

  @Test("another key under the same version is refused by the commitment")
  func commitment() throws {
    let envelope = try seal([1], ring([(1, 1)]))
    let other = try ring([(1, 9)])
    #expect(throws: EnvelopeError.refused) { try other.open(envelope, for: context) }
  }

  @Test("noise is refused")
  func noise() throws {
    let ring = try ring([(1, 1)])
    var generator = SeededGenerator(state: 29)
    for _ in 0..<2000 {
      let length = Int.random(in: 0...200, using: &generator)
      var bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      if length > 5, Bool.random(using: &generator) {
        bytes.replaceSubrange(0..<5, with: [1, 0, 0, 0, 1])
      }
      #expect(throws: EnvelopeError.self) { try ring.open(bytes, for: context) }
    }
  }
}
