internal import IntegrationAPI
internal import ProtobufC

/// A tenant as stored.
struct TenantRecord: Sendable, Hashable {
  let id: TenantID
  let displayName: String
  let isSuspended: Bool
  let suspensionReason: String
  let suspendedAtUnixMicroseconds: Int64?
  let createdAtUnixMicroseconds: Int64
  let updatedAtUnixMicroseconds: Int64

  /// As callers see it.
  var message: Tenant {
    var tenant = Tenant()
    tenant.tenantId = id.description
    tenant.displayName = displayName
    tenant.state = isSuspended ? .suspended : .active
    tenant.suspensionReason = suspensionReason
    tenant.suspendedAt = suspendedAtUnixMicroseconds.map(ProtoTimestamp.init(unixMicroseconds:))
    tenant.createdAt = ProtoTimestamp(unixMicroseconds: createdAtUnixMicroseconds)
    tenant.updatedAt = ProtoTimestamp(unixMicroseconds: updatedAtUnixMicroseconds)
    return tenant
  }

  /// Where a page that ends with it ends.
  var cursor: PageCursor {
    PageCursor(unixMicroseconds: createdAtUnixMicroseconds, id: id.uuid)
  }
}
