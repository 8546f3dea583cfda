internal import CCurl

/// Owns a `curl_slist`; `curl_slist_free_all` ends it.
@safe
struct CurlList: ~Copyable {
  private(set) var head: UnsafeMutablePointer<curl_slist>?
  /// Whether an item did not fit in memory.
  private(set) var isIncomplete = false

  init() {}

  deinit { unsafe curl_slist_free_all(head) }

  mutating func append(_ text: String) {
    unsafe append(curl_slist_append(head, text))
  }

  /// Adds `name: value`, in the spelling that makes libcurl send an empty value as well.
  mutating func append(field name: String, _ value: String) {
    let separator: StaticString = value.isEmpty ? ";" : ": "
    let size = name.utf8.count + separator.utf8CodeUnitCount + value.utf8.count + 1
    unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { line in
      var end = unsafe line.initialize(fromContentsOf: name.utf8)
      for index in 0..<separator.utf8CodeUnitCount {
        unsafe line.initializeElement(at: end, to: separator.utf8Start[index])
        end += 1
      }
      end = unsafe line[end...].initialize(fromContentsOf: value.utf8)
      unsafe line.initializeElement(at: end, to: 0)
      unsafe line.withMemoryRebound(to: CChar.self) {
        unsafe append(curl_slist_append(head, $0.baseAddress))
      }
    }
  }

  /// libcurl returns the list's first item, or null and leaves the list as it was.
  private mutating func append(_ result: UnsafeMutablePointer<curl_slist>?) {
    if let result = unsafe result {
      unsafe head = unsafe result
    } else {
      isIncomplete = true
    }
  }
}
