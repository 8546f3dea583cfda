/// Names as protoc-c 1.4 makes them (`c_helpers.cc`: FullNameToLower).
enum CNames {
  /// `integration.v1.ApiKey` becomes `integration__v1__api_key`.
  static func lower(_ fullName: String) -> String {
    fullName.split(separator: ".").map { snake($0) }.joined(separator: "__")
  }

  static func descriptor(_ fullName: String) -> String { lower(fullName) + "__descriptor" }

  /// The function of the generated header that answers the descriptor's address.
  static func address(_ fullName: String) -> String {
    SwiftNames.descriptor(fullName) + "_descriptor"
  }

  private static func snake(_ part: Substring) -> String {
    var result = ""
    var previousIsUpper = true
    for character in part {
      if character.isUppercase && !previousIsUpper { result += "_" }
      result += character.lowercased()
      previousIsUpper = character.isUppercase
    }
    return result
  }
}
