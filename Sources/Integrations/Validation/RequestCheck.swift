package import FoundationEssentials
package import ProtobufC

/// Collects everything that is wrong with a request, so that its author hears it all at once:
///
/// ```swift
/// var check = RequestCheck()
/// let tenant = check.tenant(request.tenantId)
/// let name = check.line(request.displayName, "display_name", 1...200)
/// try check.finish()
/// ```
///
/// Each check answers with a value that may be used only after ``finish()``; for a field at fault it
/// is a stand-in. Lengths are counted in Unicode scalars, as PostgreSQL's `char_length` does.
package struct RequestCheck {
  package private(set) var violations: [FieldViolation] = []

  package init() {}

  /// Refuses a field for a reason of the service's own.
  package mutating func refuse(_ field: String, _ description: String) {
    violations.append(FieldViolation(field: field, description: description))
  }

  /// - Throws: ``ServiceError`` `invalidArgument` with all violations, if there are any.
  package func finish() throws(ServiceError) {
    guard violations.isEmpty else { throw .invalid(violations) }
  }

  /// A UUID in its strict form. The nil UUID names nothing and is refused.
  package mutating func uuid(_ text: String, _ field: String) -> UUID {
    guard !text.isEmpty else {
      refuse(field, "is missing")
      return .nilUUID
    }
    guard let uuid = UUID(strict: text) else {
      refuse(field, "must be a UUID like 0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11")
      return .nilUUID
    }
    if uuid == .nilUUID { refuse(field, "must not be the nil UUID") }
    return uuid
  }

  /// A tenant's id.
  package mutating func tenant(_ text: String, _ field: String = "tenant_id") -> TenantID {
    TenantID(uuid(text, field))
  }

  /// One line for people.
  package mutating func line(
    _ text: String, _ field: String, _ length: ClosedRange<Int>
  ) -> String {
    self.text(text, field, length, .line)
  }

  /// Lines for people.
  package mutating func lines(
    _ text: String, _ field: String, _ length: ClosedRange<Int>
  ) -> String {
    self.text(text, field, length, .lines)
  }

  private mutating func text(
    _ text: String, _ field: String, _ length: ClosedRange<Int>, _ rule: TextRule
  ) -> String {
    let count = text.unicodeScalars.count
    if count < length.lowerBound {
      refuse(
        field, count == 0 ? "is missing" : "must be at least \(length.lowerBound) characters long")
    } else if count > length.upperBound {
      refuse(field, "must be at most \(length.upperBound) characters long, not \(count)")
    } else if rule.refuses(text) {
      refuse(field, "must not hold control characters")
    }
    return text
  }

  /// A whole number.
  package mutating func number<N: FixedWidthInteger>(
    _ number: N, _ field: String, _ range: ClosedRange<N>
  ) -> N {
    if !range.contains(number) {
      refuse(field, "must be from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A page size: 1 to 1000, where 0 stands for `standard`.
  package mutating func pageSize(_ size: Int32, standard: Int32 = 50) -> Int {
    Int(self.number(size == 0 ? standard : size, "page_size", 1...1000))
  }

  /// An idempotency key: 1 to 255 visible ASCII characters. Empty: nil.
  package mutating func idempotencyKey(_ key: String) -> IdempotencyKey? {
    guard !key.isEmpty else { return nil }
    guard let key = IdempotencyKey(key) else {
      refuse("idempotency_key", "must be 1 to 255 visible ASCII characters")
      return nil
    }
    return key
  }

  /// The fields that an update names, each once, with their places in the mask.
  package mutating func paths(of mask: ProtoFieldMask?) -> [(index: Int, path: String)] {
    let paths = mask?.paths ?? []
    guard (1...100).contains(paths.count) else {
      refuse(
        "update_mask", "must name \(paths.isEmpty ? "at least one field" : "at most 100 fields")")
      return []
    }
    // A path that is named twice says nothing more.
    var seen: Set<String> = []
    var named: [(index: Int, path: String)] = []
    for (index, path) in paths.enumerated() {
      if path.utf8.count > 64 {
        refuse("update_mask.paths[\(index)]", "is not a field that can be changed")
      } else if seen.insert(path).inserted {
        named.append((index, path))
      }
    }
    return named
  }

  /// An enum that the contract leaves open: refuses values this daemon does not know.
  package mutating func known<E: ProtoEnum>(_ value: E, _ field: String, _ values: [E]) -> E {
    if !values.contains(value) { refuse(field, "is \(value.rawValue), which is not a known value") }
    return value
  }
}
