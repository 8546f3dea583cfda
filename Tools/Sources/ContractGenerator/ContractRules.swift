internal import SwiftProtobuf
internal import SwiftProtobufPluginLibrary

/// What the contract may not hold, because protobuf-c cannot do it, because the daemon would have to
/// defend against it, or because Swift has no good name for it.
struct ContractRules {
  private let layout: Layout
  private let names: TypeNames
  private var refusals: [Refusal] = []

  private init(layout: Layout) {
    self.layout = layout
    names = TypeNames(layout: layout)
  }

  /// - Throws: ``ContractError`` naming file, line and element of everything that is refused.
  static func check(_ files: [FileDescriptor], layout: Layout) throws(ContractError) {
    var rules = ContractRules(layout: layout)
    for file in files { rules.check(file) }
    rules.checkTypeNames(of: files)
    if !rules.refusals.isEmpty { throw ContractError(refusals: rules.refusals) }
  }

  private mutating func check(_ file: FileDescriptor) {
    guard file.edition == .proto3 else {
      let edition = file.edition == .proto2 ? "proto2" : "edition \(file.edition)"
      return refuse(
        file.name, file.name, "\(edition) is refused: begin with `syntax = \"proto3\";`")
    }
    guard layout.rooms[file.package] != nil else {
      return refuse(
        file.name, file.name,
        "package `\(file.package)` has no room: give it one in Layout.swift of the generator")
    }
    for message in file.messages { check(message) }
    for enumeration in file.enums { check(enumeration) }
    for service in file.services {
      checkName(names.name(of: service), service.fullName, service)
      for method in service.methods {
        checkName(SwiftNames.lowerCamel(method.name), method.fullName, method)
      }
      checkDistinct(service.methods.map { (SwiftNames.lowerCamel($0.name), $0.fullName, $0) })
    }
  }

  // MARK: Messages

  private mutating func check(_ message: Descriptor) {
    checkName(message.swiftName(names), message.fullName, message)
    for field in message.fields { check(field) }
    for oneof in message.realOneofs {
      checkName(SwiftNames.lowerCamel(oneof.name), oneof.fullName, oneof)
    }
    checkDistinct(
      message.fields.filter { $0.realContainingOneof == nil }.map {
        (SwiftNames.lowerCamel($0.name), $0.fullName, $0)
      } + message.realOneofs.map { (SwiftNames.lowerCamel($0.name), $0.fullName, $0) })
    checkDistinct(
      message.messages.map { ($0.name, $0.fullName, $0) }
        + message.enums.map { ($0.name, $0.fullName, $0) }
        + message.realOneofs.map { (SwiftNames.upperCamel($0.name), $0.fullName, $0) })
    if let cycle = cycle(from: message) {
      refuse(
        message,
        """
        recursive messages are refused (\(cycle.joined(separator: " -> "))): protobuf-c unpacks \
        them without a limit of depth. Carry the nested part as `bytes`
        """)
    }
    for nested in message.messages where !nested.options.mapEntry { check(nested) }
    for enumeration in message.enums { check(enumeration) }
  }

  private mutating func check(_ field: FieldDescriptor) {
    if field.type == .group {
      return refuse(field, "groups are refused: use a message field")
    }
    if field.isMap {
      return refuse(
        field,
        "maps are refused: protobuf-c has none. Use a repeated message of key and value")
    }
    if field.containingOneof != nil, field.realContainingOneof == nil {
      return refuse(
        field,
        """
        `optional` is refused: protobuf-c's compiler does not know it. Use a message field, or a \
        oneof with one member
        """)
    }
    let name = SwiftNames.lowerCamel(field.name)
    if let jsonName = field.jsonName, jsonName != name {
      refuse(
        field,
        """
        its JSON name `\(jsonName)` is refused: the daemon makes JSON names from field \
        names, here `\(name)`
        """)
    }
    checkName(name, field.fullName, field)
  }

  /// A way through message fields from `message` back to it.
  private func cycle(from message: Descriptor) -> [String]? {
    var seen: Set<String> = []
    func search(_ current: Descriptor, _ path: [String]) -> [String]? {
      for field in current.fields where field.type == .message {
        guard let next = field.messageType else { continue }
        if next.fullName == message.fullName { return path + [next.fullName] }
        guard seen.insert(next.fullName).inserted else { continue }
        if let found = search(next, path + [next.fullName]) { return found }
      }
      return nil
    }
    return search(message, [message.fullName])
  }

  // MARK: Enums

  private mutating func check(_ enumeration: EnumDescriptor) {
    checkName(enumeration.swiftName(names), enumeration.fullName, enumeration)
    var numbers: Set<Int32> = []
    for value in enumeration.values {
      let name = SwiftNames.enumCase(value.name, of: enumeration.name)
      if !numbers.insert(value.number).inserted {
        refuse(value, value.fullName, "aliases are refused: its number has a name already")
      } else if name == "unrecognized" {
        refuse(value, value.fullName, "its Swift name `unrecognized` stands for unknown numbers")
      } else if name.first?.isLetter != true {
        refuse(value, value.fullName, "its Swift name `\(name)` does not begin with a letter")
      } else {
        checkName(name, value.fullName, value)
      }
    }
    checkDistinct(
      enumeration.values.map {
        (SwiftNames.enumCase($0.name, of: enumeration.name), $0.fullName, $0)
      })
  }

  // MARK: Names

  private mutating func checkName(
    _ name: String, _ fullName: String, _ element: some ProvidesSourceCodeLocation & Locatable
  ) {
    if SwiftNames.reserved.contains(name) {
      refuse(element, fullName, "its Swift name `\(name)` is a reserved word")
    }
  }

  private mutating func checkDistinct(_ names: [(String, String, any Locatable)]) {
    var owners: [String: String] = [:]
    for (name, fullName, element) in names {
      if let owner = owners[name] {
        refuse(element, fullName, "its Swift name `\(name)` is already that of \(owner)")
      } else {
        owners[name] = fullName
      }
    }
  }

  /// Top-level names share a module over all its packages.
  private mutating func checkTypeNames(of files: [FileDescriptor]) {
    var byModule: [String: [(String, String, any Locatable)]] = [:]
    for file in files {
      guard let room = layout.rooms[file.package] else { continue }
      byModule[room.module, default: []] +=
        file.messages.map { (names.name(of: $0), $0.fullName, $0) }
        + file.enums.map { (names.name(of: $0), $0.fullName, $0) }
        + file.services.flatMap { service -> [(String, String, any Locatable)] in
          let name = names.name(of: service)
          return [name, name + "Client"].map { ($0, service.fullName, service) }
        }
    }
    for types in byModule.values.sorted(by: { $0[0].1 < $1[0].1 }) {
      checkDistinct(types)
      for (name, fullName, element) in types where SwiftNames.takenTypes.contains(name) {
        refuse(element, fullName, "its Swift name `\(name)` is that of a type all messages need")
      }
    }
  }

  // MARK: Refusing

  private mutating func refuse(_ message: Descriptor, _ reason: String) {
    refuse(message, message.fullName, reason)
  }

  private mutating func refuse(_ field: FieldDescriptor, _ reason: String) {
    refuse(field, field.fullName, reason)
  }

  private mutating func refuse(_ element: any Locatable, _ fullName: String, _ reason: String) {
    let line = element.sourceCodeInfoLocation?.span.first.map { ":\($0 + 1)" } ?? ""
    refuse(element.file.name + line, fullName, reason)
  }

  private mutating func refuse(_ place: String, _ element: String, _ reason: String) {
    refusals.append(Refusal(place: place, element: element, reason: reason))
  }
}
