internal import CCurl

/// libcurl as a whole.
enum CurlLibrary {
  /// Initialised once in the life of the process, by whoever is first; never undone.
  static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}

/// libcurl does not work here: out of memory, or built without what is needed.
package struct LibcurlError: Error, Sendable, Hashable, CustomStringConvertible {
  package let description: String
}
