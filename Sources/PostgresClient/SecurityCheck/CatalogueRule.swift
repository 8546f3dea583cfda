/// A query of the catalogue whose every row is something wrong.
struct CatalogueRule: Sendable {
  let statement: String
  /// The texts for `$1`, `$2`...
  let parameters: @Sendable (SecurityPolicy) -> [String?]
  let finding: @Sendable (AdminRow) throws(AdminError) -> SecurityFinding
}

extension SecurityPolicy {
  var runtimeRolesText: String { AdminArray.text(runtimeRoles) }
  var uniqueExceptionsText: String { AdminArray.text(uniqueExceptions.sorted()) }
  var definerFunctionsText: String { AdminArray.text(definerFunctions.sorted()) }
  var tenantTablesText: String { AdminArray.text(tenantColumns.keys.sorted()) }
  var tenantColumnsText: String {
    AdminArray.text(tenantColumns.sorted { $0.key < $1.key }.map(\.value))
  }
  /// The runtime roles that may see one tenant at a time.
  var confinedRolesText: String {
    AdminArray.text(runtimeRoles.filter { !crossTenantRoles.contains($0) })
  }
}
