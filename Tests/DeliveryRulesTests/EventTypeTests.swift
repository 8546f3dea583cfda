import DeliveryRules
import Testing

@Suite struct EventTypeTests {
  @Test(
    "a name is segments of letters, digits, underscores and hyphens",
    arguments: [
      "a", "payment_success", "payment.captured", "payment.card.captured", "A-1._.-", "0",
      String(repeating: "x", count: 128), String(repeating: "a.", count: 63) + "bc",
    ])
  func names(text: String) throws {
    #expect(try EventTypeName(text).text == text)
    #expect(try "\(EventTypeName(text))" == text)
    #expect(try EventSubscription(text) == .exact(EventTypeName(text)))
  }

  @Test(
    "what is no name is refused, with the reason",
    arguments: [
      ("", EventNameError.length(0)), (String(repeating: "x", count: 129), .length(129)),
      (".", .emptySegment), (".a", .emptySegment), ("a.", .emptySegment), ("a..b", .emptySegment),
      ("a b", .character), ("a\n", .character), ("a\r\n", .character), ("\r\n", .character),
      ("é", .character), ("a.b/c", .character), ("a\u{0}", .character), ("a\u{301}", .character),
      ("*", .wildcard), ("a.*", .wildcard), ("a*", .wildcard),
    ])
  func noNames(text: String, error: EventNameError) {
    #expect(throws: error) { try EventTypeName(text) }
  }

  @Test("a subscription is a name, a prefix or everything, and reads what it writes")
  func subscriptions() throws {
    #expect(try EventSubscription("*") == .everything)
    #expect(try EventSubscription("a.b.*") == .prefix(EventTypeName("a.b")))
    for text in ["*", "a.*", "a.b.*", "a.b", String(repeating: "x", count: 126) + ".*"] {
      #expect(try EventSubscription(text).text == text)
      #expect(try "\(EventSubscription(text))" == text)
    }
  }

  @Test(
    "what is no subscription is refused, with the reason",
    arguments: [
      ("", EventNameError.length(0)), (".*", .emptySegment), ("a..*", .emptySegment),
      ("**", .wildcard), ("*.a", .wildcard), ("a*", .wildcard), ("a.*.b", .wildcard),
      ("a.b*", .wildcard), ("*.*", .wildcard), ("a.*.*", .wildcard), ("*\n", .wildcard),
      ("a.*\r\n", .wildcard), (String(repeating: "x", count: 127) + ".*", .length(129)),
    ])
  func noSubscriptions(text: String, error: EventNameError) {
    #expect(throws: error) { try EventSubscription(text) }
  }

  @Test(
    "a prefix matches deeper names at the end of a segment",
    arguments: [
      ("payment.*", "payment.captured", true), ("payment.*", "payment.card.captured", true),
      ("payment.card.*", "payment.card.captured", true), ("payment.*", "payment", false),
      ("payment.*", "payments.captured", false), ("payment.card.*", "payment.card", false),
      ("payment.card.*", "payment.cards.x", false), ("Payment.*", "payment.captured", false),
      ("payment", "payment", true), ("payment", "payment.captured", false), ("*", "payment", true),
    ])
  func matching(subscription: String, name: String, matches: Bool) throws {
    #expect(try EventSubscription(subscription).matches(EventTypeName(name)) == matches)
  }

  @Test("the covering subscriptions are the name, its prefixes and everything")
  func covering() throws {
    #expect(
      try EventTypeName("payment.card.captured").coveringSubscriptions
        == ["payment.card.captured", "payment.card.*", "payment.*", "*"])
    #expect(try EventTypeName("payment").coveringSubscriptions == ["payment", "*"])
  }

  @Test("the covering subscriptions hold a subscription exactly when it matches")
  func coveringIsMatching() throws {
    var random = SplitMix(state: 1)
    var matches = 0
    for _ in 0..<20_000 {
      let name = try EventTypeName(segments(1...4, from: &random).joined(separator: "."))
      let some = segments(1...4, from: &random)
      let text =
        switch Int.random(in: 0..<8, using: &random) {
        case 0: "*"
        case 1...4: some.joined(separator: ".") + ".*"
        default: some.joined(separator: ".")
        }
      let subscription = try EventSubscription(text)
      let isCovered = name.coveringSubscriptions.contains(text)
      #expect(isCovered == subscription.matches(name), "\(text) and \(name)")
      if isCovered { matches += 1 }
    }
    #expect(matches > 1000)
  }

  @Test("every covering subscription can be subscribed to")
  func coveringIsReadable() throws {
    let longest = try EventTypeName(String(repeating: "a.", count: 63) + "bc")
    for text in longest.coveringSubscriptions {
      #expect(try EventSubscription(text).matches(longest))
    }
    #expect(longest.coveringSubscriptions.count == 65)
  }

  @Test("random texts never trap, and what is read is written as it was")
  func noise() {
    var random = SplitMix(state: 2)
    let alphabet: [Unicode.Scalar] = ["a", "B", "9", "_", "-", ".", ".", "*", "\r", "\n", "é", " "]
    for _ in 0..<20_000 {
      var text = ""
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        text.unicodeScalars.append(alphabet.randomElement(using: &random) ?? "a")
      }
      do throws(EventNameError) {
        let subscription = try EventSubscription(text)
        #expect(subscription.text == text)
      } catch {
        #expect("\(error)".hasPrefix("must be "))
      }
    }
  }

  private func segments(
    _ counts: ClosedRange<Int>, from random: inout SplitMix
  ) -> [String] {
    (0..<Int.random(in: counts, using: &random)).map { _ in
      ["a", "b", "ab"].randomElement(using: &random) ?? "a"
    }
  }
}
