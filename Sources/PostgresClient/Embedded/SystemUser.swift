internal import Glibc

/// A user of the operating system, as the user database tells it.
struct SystemUser: Sendable, Equatable {
  let name: String
  let uid: uid_t
  let gid: gid_t
  /// Every group the user is in, the primary one included.
  let groups: [gid_t]

  static func named(_ name: String) -> SystemUser? {
    unsafe lookUp { entry, buffer, size, found in
      unsafe getpwnam_r(name, entry, buffer, size, found)
    }
  }

  static func withID(_ id: uid_t) -> SystemUser? {
    unsafe lookUp { entry, buffer, size, found in
      unsafe getpwuid_r(id, entry, buffer, size, found)
    }
  }

  private typealias Lookup = (
    UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
    UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
  ) -> Int32

  private static func lookUp(_ look: Lookup) -> SystemUser? {
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>? = nil
    // 64 KiB holds any entry; a larger one reads as "no such user".
    let size = 65_536
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { buffer in
      guard let base = buffer.baseAddress,
        unsafe look(&entry, base, size, &found) == 0, unsafe found != nil,
        let name = unsafe entry.pw_name
      else { return nil }
      return unsafe SystemUser(
        name: String(cString: name), uid: entry.pw_uid, gid: entry.pw_gid,
        groups: groups(of: name, primary: entry.pw_gid))
    }
  }

  private static func groups(of name: UnsafePointer<CChar>, primary: gid_t) -> [gid_t] {
    var count: Int32 = 64
    while true {
      var groups = [gid_t](repeating: 0, count: Int(count))
      let room = count
      if unsafe getgrouplist(name, primary, &groups, &count) >= 0 {
        return Array(groups.prefix(Int(count)))
      }
      // `count` now says how many there are; a full array that does not grow would loop forever.
      if count <= room { return [primary] }
    }
  }
}
