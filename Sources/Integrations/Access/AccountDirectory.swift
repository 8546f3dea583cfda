/// The accounts of this host, by name. Asked only while a policy file is read.
package struct AccountDirectory: Sendable {
  package let uid: @Sendable (_ user: String) -> UInt32?
  package let gid: @Sendable (_ group: String) -> UInt32?

  package init(
    uid: @escaping @Sendable (String) -> UInt32?, gid: @escaping @Sendable (String) -> UInt32?
  ) {
    self.uid = uid
    self.gid = gid
  }
}
