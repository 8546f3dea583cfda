/// A Unicode property that `\p{…}` can ask for: the general categories, by their short and long
/// names (ECMA-262 table 68), and a few yes-or-no properties (table 67). Scripts are not known.
///
/// What belongs to a category is what the Swift standard library's Unicode version says.
struct ScalarProperty: Sendable {
  private enum Test: Sendable {
    case categories([Unicode.GeneralCategory])
    case alphabetic, uppercase, lowercase, whiteSpace, ascii, any, assigned
  }

  private let test: Test
  var isNegated: Bool

  /// Nil when the property is not known.
  init?(_ expression: String, isNegated: Bool) {
    self.isNegated = isNegated
    var name = Substring(expression)
    if let equals = name.firstIndex(of: "=") {
      guard ["General_Category", "gc"].contains(name[..<equals]) else { return nil }
      name = name[name.index(after: equals)...]
    } else if let test = Self.flags[expression] {
      self.test = test
      return
    }
    let categories = Self.categories.filter { $0.names.contains(String(name)) }.map(\.category)
    if !categories.isEmpty {
      test = .categories(categories)
      return
    }
    guard let group = Self.groups[String(name)] else { return nil }
    test = .categories(
      Self.categories.filter { entry in group.contains { entry.names[0] == $0 } }.map(\.category))
  }

  func holds(for value: UInt32) -> Bool {
    guard let scalar = Unicode.Scalar(value) else { return isNegated }
    let properties = scalar.properties
    let answer =
      switch test {
      case .categories(let categories): categories.contains(properties.generalCategory)
      case .alphabetic: properties.isAlphabetic
      case .uppercase: properties.isUppercase
      case .lowercase: properties.isLowercase
      case .whiteSpace: properties.isWhitespace
      case .ascii: scalar.isASCII
      case .any: true
      case .assigned: properties.generalCategory != .unassigned
      }
    return answer != isNegated
  }

  private static let flags: [String: Test] = [
    "Alphabetic": .alphabetic, "Alpha": .alphabetic, "Uppercase": .uppercase, "Upper": .uppercase,
    "Lowercase": .lowercase, "Lower": .lowercase, "White_Space": .whiteSpace,
    "space": .whiteSpace, "ASCII": .ascii, "Any": .any, "Assigned": .assigned,
  ]

  private static let groups: [String: [String]] = {
    var groups: [String: [String]] = [:]
    for (names, members) in [
      (["LC", "Cased_Letter"], ["Lu", "Ll", "Lt"]),
      (["L", "Letter"], ["Lu", "Ll", "Lt", "Lm", "Lo"]),
      (["M", "Mark", "Combining_Mark"], ["Mn", "Mc", "Me"]),
      (["N", "Number"], ["Nd", "Nl", "No"]),
      (["P", "Punctuation", "punct"], ["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"]),
      (["S", "Symbol"], ["Sm", "Sc", "Sk", "So"]),
      (["Z", "Separator"], ["Zs", "Zl", "Zp"]),
      (["C", "Other"], ["Cc", "Cf", "Cs", "Co", "Cn"]),
    ] {
      for name in names { groups[name] = members }
    }
    return groups
  }()

  private static let categories: [(names: [String], category: Unicode.GeneralCategory)] = [
    (["Lu", "Uppercase_Letter"], .uppercaseLetter),
    (["Ll", "Lowercase_Letter"], .lowercaseLetter),
    (["Lt", "Titlecase_Letter"], .titlecaseLetter),
    (["Lm", "Modifier_Letter"], .modifierLetter),
    (["Lo", "Other_Letter"], .otherLetter),
    (["Mn", "Nonspacing_Mark"], .nonspacingMark),
    (["Mc", "Spacing_Mark"], .spacingMark),
    (["Me", "Enclosing_Mark"], .enclosingMark),
    (["Nd", "Decimal_Number", "digit"], .decimalNumber),
    (["Nl", "Letter_Number"], .letterNumber),
    (["No", "Other_Number"], .otherNumber),
    (["Pc", "Connector_Punctuation"], .connectorPunctuation),
    (["Pd", "Dash_Punctuation"], .dashPunctuation),
    (["Ps", "Open_Punctuation"], .openPunctuation),
    (["Pe", "Close_Punctuation"], .closePunctuation),
    (["Pi", "Initial_Punctuation"], .initialPunctuation),
    (["Pf", "Final_Punctuation"], .finalPunctuation),
    (["Po", "Other_Punctuation"], .otherPunctuation),
    (["Sm", "Math_Symbol"], .mathSymbol),
    (["Sc", "Currency_Symbol"], .currencySymbol),
    (["Sk", "Modifier_Symbol"], .modifierSymbol),
    (["So", "Other_Symbol"], .otherSymbol),
    (["Zs", "Space_Separator"], .spaceSeparator),
    (["Zl", "Line_Separator"], .lineSeparator),
    (["Zp", "Paragraph_Separator"], .paragraphSeparator),
    (["Cc", "Control", "cntrl"], .control),
    (["Cf", "Format"], .format),
    (["Cs", "Surrogate"], .surrogate),
    (["Co", "Private_Use"], .privateUse),
    (["Cn", "Unassigned"], .unassigned),
  ]
}
