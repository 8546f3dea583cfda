import Fixtures
import IntegrationAPI
import ProtobufC
import Testing

/// Whatever a message holds survives being read and written, in every form.
@Suite
struct RoundTripTests {
  private static let types: [any Message.Type] =
    MessageCatalogue.all + [
      Everything.self, Everything.Inner.self, Shuffled.self, Nothing.self,
    ]
  static let names = types.map { $0.descriptor.fullName }

  @Test("random messages survive the binary form byte for byte", arguments: names)
  func binary(name: String) throws {
    try checkBinary(type(name), seed: 1)
  }

  @Test("random messages survive JSON in all of its spellings", arguments: names)
  func json(name: String) throws {
    try checkJSON(type(name), seed: 2)
  }

  @Test("an empty message is no bytes, and no bytes are an empty message", arguments: names)
  func empty(name: String) throws {
    try checkEmpty(type(name))
  }

  private func type(_ name: String) throws -> any Message.Type {
    try #require(Self.types.first { $0.descriptor.fullName == name })
  }

  private func checkBinary<M: Message>(_ type: M.Type, seed: UInt64) throws {
    var sample = WireSample(seed: seed)
    for round in 0..<100 {
      let bytes = sample.message(M.descriptor)
      let message = try M(serialized: bytes)
      let written = try message.serialized()
      #expect(written == bytes, "\(M.descriptor.fullName), round \(round)")
      #expect(try M(serialized: written) == message)
    }
  }

  private func checkJSON<M: Message>(_ type: M.Type, seed: UInt64) throws {
    var sample = WireSample(seed: seed)
    for round in 0..<50 {
      let message = try M(serialized: sample.message(M.descriptor))
      for options in [
        JSONOptions(), JSONOptions(isPretty: true), JSONOptions(includesDefaults: true),
        JSONOptions(usesProtoNames: true),
      ] {
        let json = try message.jsonUTF8(options)
        #expect(
          try M(jsonUTF8: json) == message,
          "\(M.descriptor.fullName), round \(round): \(String(decoding: json, as: UTF8.self))")
      }
    }
  }

  private func checkEmpty<M: Message>(_ type: M.Type) throws {
    #expect(try M().serialized() == [])
    #expect(try M(serialized: []) == M())
  }
}
