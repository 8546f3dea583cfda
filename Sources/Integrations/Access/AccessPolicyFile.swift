/// Reads an access policy from its file:
///
/// ```json
/// {
///   "callers": [
///     {"name": "gateway", "user": "gateway", "roles": ["verify"]},
///     {"name": "billing", "group": "billing", "roles": ["read"],
///      "methods": ["integration.v1.ApiKeyService/Rotate*"],
///      "tenants": ["0f6c1f0e-54c0-4f6c-8d0c-7f3f3d1f2a11"]}
///   ]
/// }
/// ```
///
/// The first caller that fits a process counts. `uid` or `user`, `gid` or `group`: one of them at
/// least; a process must fit both when both are there. What a caller may call is what its `roles`
/// allow and what `methods` name, together. Without `tenants` it may act for all of them.
/// Limits: 1,000 callers, 10,000 tenants and 100 methods each.
package struct AccessPolicyFile {
  private static let keys = [
    "name", "uid", "user", "gid", "group", "roles", "methods", "tenants",
  ]

  private let file: String
  private let accounts: AccountDirectory
  private var names: Set<[UInt8]> = []

  /// - Parameter file: the name of the file, for messages.
  /// - Throws: ``SettingsError`` with the line of the first fault.
  package static func parse(
    _ bytes: [UInt8], file: String, accounts: AccountDirectory
  ) throws(SettingsError) -> AccessPolicy {
    let document = try SettingsObject(
      SettingsParser.parse(bytes, file: file), known: ["callers"], file: file,
      noun: "an access policy")
    guard let callers = try document.array("callers") else {
      throw SettingsError(file: file, line: document.line, "\"callers\" is missing")
    }
    guard callers.count <= 1000 else {
      throw document.fault("callers", "may hold at most 1000 callers")
    }
    var reader = AccessPolicyFile(file: file, accounts: accounts)
    var entries: [AccessPolicy.Entry] = []
    for caller in callers { entries.append(try reader.entry(caller)) }
    return AccessPolicy(entries: entries)
  }

  private init(file: String, accounts: AccountDirectory) {
    self.file = file
    self.accounts = accounts
  }

  private mutating func entry(
    _ value: SettingsValue
  ) throws(SettingsError) -> AccessPolicy.Entry {
    let object = try SettingsObject(value, known: Self.keys, file: file, noun: "a caller")
    let name = try name(object)
    let uid = try id(object, number: "uid", name: "user", accounts.uid)
    let gid = try id(object, number: "gid", name: "group", accounts.gid)
    guard uid != nil || gid != nil else {
      throw SettingsError(
        file: file, line: object.line,
        "caller \"\(name)\" needs a \"uid\", \"user\", \"gid\" or \"group\"")
    }
    let principal = Principal(
      name: name, roles: try roles(object), patterns: try patterns(object),
      tenants: try tenants(object))
    return AccessPolicy.Entry(uid: uid, gid: gid, principal: principal)
  }

  private mutating func name(_ object: SettingsObject) throws(SettingsError) -> String {
    guard let name = try object.string("name") else {
      throw SettingsError(file: file, line: object.line, "a caller needs a \"name\"")
    }
    guard (1...200).contains(name.unicodeScalars.count), !TextRule.line.refuses(name) else {
      throw object.fault("name", "must be 1 to 200 characters without control characters")
    }
    guard names.insert(Array(name.utf8)).inserted else {
      throw object.fault("name", "is taken: there is another caller \"\(name)\"")
    }
    return name
  }

  private func id(
    _ object: SettingsObject, number: String, name: String, _ find: (String) -> UInt32?
  ) throws(SettingsError) -> UInt32? {
    if object.value(number) != nil, object.value(name) != nil {
      throw object.fault(name, "and \"\(number)\" say the same thing: leave one out")
    }
    var key = number
    var id = try object.integer(number, in: 0...Int64(UInt32.max) - 1).map { UInt32($0) }
    if let account = try object.string(name) {
      key = name
      guard let found = find(account) else {
        throw object.fault(name, "names nobody on this host: \"\(account)\"")
      }
      id = found
    }
    if id == AccessPolicy.overflowID {
      throw object.fault(
        key, "is \(AccessPolicy.overflowID), which the kernel shows for unknown accounts")
    }
    return id
  }

  private func roles(_ object: SettingsObject) throws(SettingsError) -> Set<Role> {
    var roles: Set<Role> = []
    for (text, line) in try object.strings("roles") ?? [] {
      guard let role = Role(rawValue: text) else {
        let known = Role.allCases.map(\.rawValue).joined(separator: ", ")
        throw SettingsError(file: file, line: line, "unknown role \"\(text)\"; known: \(known)")
      }
      roles.insert(role)
    }
    return roles
  }

  private func patterns(_ object: SettingsObject) throws(SettingsError) -> [MethodPattern] {
    var patterns: [MethodPattern] = []
    for (text, line) in try object.strings("methods") ?? [] {
      guard let pattern = MethodPattern(text) else {
        throw SettingsError(
          file: file, line: line, "not a method like \"integration.v1.ApiKeyService/Get*\"")
      }
      guard MethodAccess.table.keys.contains(where: pattern.matches) else {
        throw SettingsError(file: file, line: line, "no method is named \"\(text)\"")
      }
      patterns.append(pattern)
    }
    guard patterns.count <= 100 else {
      throw object.fault("methods", "may hold at most 100 methods")
    }
    return patterns
  }

  private func tenants(_ object: SettingsObject) throws(SettingsError) -> Set<TenantID>? {
    guard let texts = try object.strings("tenants") else { return nil }
    guard texts.count <= 10_000 else {
      throw object.fault("tenants", "may hold at most 10000 tenants")
    }
    var tenants: Set<TenantID> = []
    for (text, line) in texts {
      guard let tenant = TenantID(text), tenant != .directory else {
        throw SettingsError(file: file, line: line, "not a tenant's UUID: \"\(text)\"")
      }
      tenants.insert(tenant)
    }
    return tenants
  }
}
