/// A `$ref` or `$dynamicRef` whose target is looked for when all identifiers are known.
struct PendingReference {
  /// The subschema that has it.
  let schema: Int
  /// Its place among the subschema's keywords.
  let keyword: Int
  let text: ArraySlice<UInt8>
  let node: Int
  let isDynamic: Bool
}

extension SchemaCompiler {
  /// The longest absolute identifier, in bytes.
  private static var maxIdentifierBytes: Int { 2_048 }

  /// Reads `$id`, `$anchor` and `$dynamicAnchor` (core §8.2).
  /// - Returns: the resource that the subschema belongs to.
  mutating func identify(_ index: Int) throws(SchemaError) -> Int {
    let node = subschemas[index].node
    let isObject = document.nodes[node].kind == .object
    var resource = subschemas[index].resource
    let hasOnlyReference =
      isObject && dialect == .draft07 && document.value(of: "$ref", in: node) != nil
    let id = isObject && !hasOnlyReference ? document.value(of: "$id", in: node) : nil
    var reference = URIReference(
      try id.map { (id) throws(SchemaError) in try string(at: id) } ?? [])
    let fragment = reference.fragment ?? []
    reference.fragment = nil
    if let id, !fragment.isEmpty {
      guard dialect == .draft07 else {
        throw wrongShape("a URI reference without a fragment", at: id)
      }
      guard reference.document.isEmpty, index != 0 else {
        throw wrongShape("a URI reference, or the name of an anchor behind #", at: id)
      }
      try name(Array(fragment), index, in: resource, at: id)
    } else if id != nil || index == 0 {
      resource = try addResource(
        reference, root: index, parent: index == 0 ? nil : resource, at: id)
    }
    guard isObject else { return resource }
    for keyword: StaticString in ["$anchor", "$dynamicAnchor"] {
      guard let place = document.value(of: keyword, in: node) else { continue }
      let anchor = Array(try string(at: place))
      guard Self.isAnchor(anchor) else {
        throw wrongShape("a name of letters, digits, `-`, `.` and `_`", at: place)
      }
      try name(anchor, index, in: resource, at: place)
      if keyword.description == "$dynamicAnchor" {
        resources[resource].dynamicAnchors[anchor] = index
      }
    }
    return resource
  }

  private mutating func addResource(
    _ reference: URIReference, root: Int, parent: Int?, at id: Int?
  ) throws(SchemaError) -> Int {
    let uri = parent.map { reference.resolved(against: resources[$0].uri) } ?? reference
    let name = uri.document
    guard name.count <= Self.maxIdentifierBytes else {
      throw failure(.identifierTooLong(maxBytes: Self.maxIdentifierBytes), at: id ?? 0)
    }
    guard resourceOfURI[name] == nil else {
      throw failure(.duplicateIdentifier(String(decoding: name, as: UTF8.self)), at: id ?? 0)
    }
    resourceOfURI[name] = resources.count
    resources.append(SchemaResource(uri: uri, root: root))
    return resources.count - 1
  }

  private mutating func name(
    _ anchor: [UInt8], _ index: Int, in resource: Int, at node: Int
  ) throws(SchemaError) {
    let known = resources[resource].anchors.updateValue(index, forKey: anchor)
    guard known == nil || known == index else {
      throw failure(.duplicateIdentifier(String(decoding: anchor, as: UTF8.self)), at: node)
    }
  }

  private static func isAnchor(_ name: [UInt8]) -> Bool {
    guard let first = name.first, first == UInt8(ascii: "_") || URIText.isAlphanumeric(first),
      !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= first)
    else { return false }
    return name.allSatisfy { URIText.isAlphanumeric($0) || "-._".utf8.contains($0) }
  }

  /// Finds what a reference refers to (core §8.2.3).
  mutating func resolve(_ reference: PendingReference) throws(SchemaError) {
    let own = subschemas[reference.schema].resource
    var resource = own
    let target = URIReference(reference.text)
    if reference.text.first != UInt8(ascii: "#") {
      let name = target.resolved(against: resources[own].uri).document
      guard let named = resourceOfURI[name] else {
        throw failure(
          .remoteReference(String(decoding: reference.text, as: UTF8.self)), at: reference.node)
      }
      resource = named
    }
    let unresolved = failure(
      .unresolvedReference(String(decoding: reference.text, as: UTF8.self)), at: reference.node)
    guard let fragment = URIReference.unescaped(target.fragment ?? []) else { throw unresolved }
    if fragment.isEmpty {
      setTarget(.reference(resources[resource].root), of: reference)
    } else if fragment.first == UInt8(ascii: "/") {
      guard let place = follow(fragment, from: resource) else { throw unresolved }
      let schema = try subschema(at: place.node, resource: place.resource)
      setTarget(.reference(schema), of: reference)
    } else {
      let anchor = Array(fragment)
      guard let schema = resources[resource].anchors[anchor] else { throw unresolved }
      let isDynamic = reference.isDynamic && resources[resource].dynamicAnchors[anchor] != nil
      setTarget(
        isDynamic ? .dynamicReference(schema, anchor: anchor) : .reference(schema), of: reference)
    }
  }

  /// Where a JSON Pointer leads inside a resource, and the resource there; nil when there is
  /// nothing that could be a schema.
  private func follow(
    _ pointer: ArraySlice<UInt8>, from start: Int
  ) -> (node: Int, resource: Int)? {
    guard let tokens = JSONPointer.tokens(of: pointer) else { return nil }
    var (node, resource) = (subschemas[resources[start].root].node, start)
    for token in tokens {
      switch document.nodes[node].kind {
      case .object:
        guard let value = document.value(of: token[...], in: node) else { return nil }
        node = value
      case .array:
        guard let index = Int(String(decoding: token, as: UTF8.self)), index >= 0,
          Array("\(index)".utf8) == token, index < document.nodes[node].count
        else { return nil }
        node = document.items(of: node)[index]
      default: return nil
      }
      let schema = Int(subschemaOfNode[node])
      if schema >= 0 { resource = subschemas[schema].resource }
    }
    switch document.nodes[node].kind {
    case .object, .true, .false: return (node, resource)
    default: return nil
    }
  }

  /// Refuses schemas that apply themselves to the same value again.
  func refuseEndlessReferences() throws(SchemaError) {
    enum Mark { case new, open, done }
    var marks = [Mark](repeating: .new, count: subschemas.count)
    for root in subschemas.indices where marks[root] == .new {
      var path: [(schema: Int, next: ArraySlice<Int>)] = []
      var entering: Int? = root
      while true {
        if let schema = entering {
          marks[schema] = .open
          path.append((schema, subschemas[schema].keywords.flatMap(\.rule.inPlace)[...]))
          entering = nil
        }
        guard let top = path.last else { break }
        guard let next = path[path.count - 1].next.popFirst() else {
          marks[top.schema] = .done
          path.removeLast()
          continue
        }
        switch marks[next] {
        case .new: entering = next
        case .open: throw failure(.endlessReference, at: subschemas[top.schema].node)
        case .done: break
        }
      }
    }
  }
}
