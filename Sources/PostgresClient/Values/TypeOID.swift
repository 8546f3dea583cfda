/// The object ids of PostgreSQL's built-in types that this client reads or writes in binary.
///
/// They are fixed for ever (`src/include/catalog/pg_type.dat`). Ids from 16384 up belong to types made in
/// the database: enums, extensions, composites.
package struct TypeOID: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let unknown = TypeOID(rawValue: 0)
  package static let bool = TypeOID(rawValue: 16)
  package static let bytea = TypeOID(rawValue: 17)
  package static let name = TypeOID(rawValue: 19)
  package static let int8 = TypeOID(rawValue: 20)
  package static let int2 = TypeOID(rawValue: 21)
  package static let int4 = TypeOID(rawValue: 23)
  package static let text = TypeOID(rawValue: 25)
  package static let oid = TypeOID(rawValue: 26)
  package static let json = TypeOID(rawValue: 114)
  package static let float4 = TypeOID(rawValue: 700)
  package static let float8 = TypeOID(rawValue: 701)
  package static let byteaArray = TypeOID(rawValue: 1001)
  package static let nameArray = TypeOID(rawValue: 1003)
  package static let textArray = TypeOID(rawValue: 1009)
  package static let varcharArray = TypeOID(rawValue: 1015)
  package static let int8Array = TypeOID(rawValue: 1016)
  package static let bpchar = TypeOID(rawValue: 1042)
  package static let varchar = TypeOID(rawValue: 1043)
  package static let timestamptz = TypeOID(rawValue: 1184)
  package static let void = TypeOID(rawValue: 2278)
  package static let uuid = TypeOID(rawValue: 2950)
  package static let uuidArray = TypeOID(rawValue: 2951)
  package static let jsonb = TypeOID(rawValue: 3802)

  /// Types whose binary form is their text. Types made in the database are taken for such, because an
  /// enum is; a composite fails the UTF-8 check or is no text anybody asked for.
  var readsAsText: Bool {
    switch self {
    case .text, .varchar, .bpchar, .name, .json, .unknown: true
    case TypeOID(rawValue: 705): true  // an untyped literal: select 'x'
    default: rawValue >= 16_384
    }
  }
}
