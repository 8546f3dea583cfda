/// One row of an administrative result: text by column name.
package struct AdminRow: Sendable, Equatable {
  private let values: [String: String?]

  init(_ values: [String: String?]) {
    self.values = values
  }

  /// The value of a column, nil for SQL null.
  /// - Throws: ``AdminError/unexpectedResult(_:)`` when there is no such column.
  package func optionalText(_ column: String) throws(AdminError) -> String? {
    guard let value = values[column] else {
      throw .unexpectedResult("there is no column \(column)")
    }
    return value
  }

  /// The value of a column that is never null.
  package func text(_ column: String) throws(AdminError) -> String {
    guard let value = try optionalText(column) else {
      throw .unexpectedResult("column \(column) is null")
    }
    return value
  }

  package func int(_ column: String) throws(AdminError) -> Int {
    let value = try text(column)
    guard let number = Int(value) else {
      throw .unexpectedResult("column \(column) is not a whole number")
    }
    return number
  }

  package func bool(_ column: String) throws(AdminError) -> Bool {
    switch try text(column) {
    case "t": return true
    case "f": return false
    default: throw .unexpectedResult("column \(column) is not a boolean")
    }
  }
}
