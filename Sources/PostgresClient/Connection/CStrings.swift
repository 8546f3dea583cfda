/// Null-terminated C strings behind a null-terminated array of pointers; freed with the object.
@safe
final class CStrings {
  let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>
  private let count: Int

  init(_ strings: [String]) {
    count = strings.count
    unsafe pointers = .allocate(capacity: count + 1)
    for index in strings.indices {
      let utf8 = strings[index].utf8
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count + 1)
      var end = unsafe copy
      for byte in utf8 {
        unsafe end.initialize(to: CChar(bitPattern: byte))
        unsafe end += 1
      }
      unsafe end.initialize(to: 0)
      unsafe (pointers + index).initialize(to: UnsafePointer(copy))
    }
    unsafe (pointers + count).initialize(to: nil)
  }

  deinit {
    for index in 0..<count { unsafe pointers[index]?.deallocate() }
    unsafe pointers.deallocate()
  }
}
