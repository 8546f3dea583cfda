internal import Glibc

/// The accounts of this host.
package enum Accounts {
  /// Bytes a record of the account database may have; a longer one reads as unknown.
  private static let recordBytes = 65_536

  /// The user this process acts as.
  package static var effectiveUserID: UInt32 { geteuid() }

  /// The id of a user by name, getpwnam_r(3).
  package static func userID(of name: String) -> UInt32? {
    var record = unsafe passwd()
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: recordBytes) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      var found: UnsafeMutablePointer<passwd>?
      guard unsafe getpwnam_r(name, &record, base, recordBytes, &found) == 0, unsafe found != nil
      else { return nil }
      return unsafe record.pw_uid
    }
  }

  /// The id of a group by name, getgrnam_r(3).
  package static func groupID(of name: String) -> UInt32? {
    var record = unsafe group()
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: recordBytes) { buffer in
      guard let base = buffer.baseAddress else { return nil }
      var found: UnsafeMutablePointer<group>?
      guard unsafe getgrnam_r(name, &record, base, recordBytes, &found) == 0, unsafe found != nil
      else { return nil }
      return unsafe record.gr_gid
    }
  }
}
