internal import CCurl

/// Owns one `CURL`, which `curl_easy_cleanup` ends: a transfer, one after the other. What is the same
/// for all requests is set once; everything else is set anew for each.
///
/// Belongs to one loop's thread.
@safe
final class CurlEasy {
  let raw: UnsafeMutableRawPointer
  let errorText: UnsafeMutablePointer<CChar>
  private var headers = CurlList()
  private var connectTo = CurlList()
  /// The transfer that callbacks are about.
  private(set) var transfer: Transfer?

  /// - Throws: when libcurl is out of memory, or built without what is needed.
  init(_ configuration: OutboundConfiguration) throws(LibcurlError) {
    guard let raw = unsafe curl_easy_init() else {
      throw LibcurlError(description: "libcurl is out of memory")
    }
    unsafe self.raw = unsafe raw
    unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    guard setForAll(configuration) else {
      throw LibcurlError(description: "libcurl does not know an option: 7.85 or later is needed")
    }
  }

  deinit {
    unsafe curl_easy_cleanup(raw)
    unsafe errorText.deallocate()
  }

  /// The object that owns a handle of libcurl's.
  static func owner(of easy: UnsafeMutableRawPointer?) -> CurlEasy? {
    guard let easy = unsafe easy, let context = unsafe ccurl_get_context(easy) else { return nil }
    return unsafe Unmanaged<CurlEasy>.fromOpaque(context).takeUnretainedValue()
  }

  // MARK: What is the same for all

  private func setForAll(_ configuration: OutboundConfiguration) -> Bool {
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    var codes = unsafe [
      ccurl_set_context(raw, CURLOPT_PRIVATE, context),
      ccurl_set_context(raw, CURLOPT_ERRORBUFFER, errorText),
      ccurl_set_context(raw, CURLOPT_HEADERDATA, context),
      ccurl_set_receiver(raw, CURLOPT_HEADERFUNCTION, Self.takeHeaderLine),
      ccurl_set_context(raw, CURLOPT_WRITEDATA, context),
      ccurl_set_receiver(raw, CURLOPT_WRITEFUNCTION, Self.takeBody),
      ccurl_set_context(raw, CURLOPT_OPENSOCKETDATA, context),
      ccurl_set_opener(raw, Self.openSocket),
      ccurl_set_context(raw, CURLOPT_PREREQDATA, context),
      ccurl_set_gatekeeper(raw, Self.admitRequest),
      set(CURLOPT_NOSIGNAL, 1),
      set(CURLOPT_PROTOCOLS_STR, "http,https"),
      set(CURLOPT_FOLLOWLOCATION, 0),
      // An empty name, unlike none, is not looked for in the environment.
      set(CURLOPT_PROXY, ""),
      set(CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
      set(CURLOPT_HTTP09_ALLOWED, 0),
      set(CURLOPT_PATH_AS_IS, 1),
      set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1),
      // HTTP/2 where TLS agrees on it, otherwise HTTP/1.1.
      set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS),
      set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2),
      set(CURLOPT_SSL_VERIFYPEER, 1),
      set(CURLOPT_SSL_VERIFYHOST, 2),
      // Only addresses are looked up, which takes no time.
      set(CURLOPT_DNS_CACHE_TIMEOUT, 0),
      set(
        CURLOPT_MAXAGE_CONN,
        Int(clamping: max(1, configuration.limits.idleLifetime.components.seconds))),
      // The smallest there is: a thousand transfers have one each.
      set(CURLOPT_UPLOAD_BUFFERSIZE, 16 * 1024),
      set(CURLOPT_USERAGENT, configuration.userAgent),
    ]
    if let file = configuration.extraCAFile {
      codes.append(set(CURLOPT_CAINFO, file))
    } else {
      // Without a directory libcurl keeps the certificates it has read, instead of reading a file of
      // hundreds for each connection.
      unsafe codes.append(ccurl_set_text(raw, CURLOPT_CAPATH, nil))
    }
    return codes.allSatisfy { $0 == CURLE_OK }
  }

  // MARK: One request

  /// Makes the handle ready for `transfer`, to be sent to `address`. False when out of memory.
  func prepare(_ transfer: Transfer, address: DialAddress) -> Bool {
    self.transfer = transfer
    unsafe errorText.pointee = 0
    let request = transfer.request
    headers = Self.list(of: request)
    connectTo = CurlList()
    // The name stays what it is for TLS and Host; libcurl sees only an address to connect to, which
    // also keeps connections to one address from serving requests to another.
    if request.url.literal == nil { connectTo.append(address.connectTo) }
    guard !headers.isIncomplete, !connectTo.isIncomplete else { return false }
    return set(CURLOPT_URL, request.url.origin) == CURLE_OK
      && set(CURLOPT_REQUEST_TARGET, request.url.target) == CURLE_OK
      && set(CURLOPT_HTTPHEADER, headers) == CURLE_OK
      && set(CURLOPT_CONNECT_TO, connectTo) == CURLE_OK
      && setMethod(request) == CURLE_OK
  }

  /// Frees what belonged to the last transfer.
  func reset() {
    transfer = nil
    headers = CurlList()
    connectTo = CurlList()
    // Only makes libcurl forget: nothing can fail.
    unsafe _ = ccurl_set_list(raw, CURLOPT_HTTPHEADER, nil)
    unsafe _ = ccurl_set_list(raw, CURLOPT_CONNECT_TO, nil)
    unsafe _ = ccurl_set_text(raw, CURLOPT_COPYPOSTFIELDS, nil)
  }

  private func setMethod(_ request: OutboundRequest) -> CURLcode {
    let method = request.method
    guard method.mayHaveBody, method != .delete || !request.body.isEmpty else {
      // The first of the two makes a GET of whatever was before.
      let code = set(CURLOPT_HTTPGET, 1)
      guard code == CURLE_OK else { return code }
      let verbCode = setVerb(method == .delete ? method.rawValue : nil)
      guard verbCode == CURLE_OK, method == .head else { return verbCode }
      return set(CURLOPT_NOBODY, 1)
    }
    let code = set(CURLOPT_POST, 1)
    guard code == CURLE_OK else { return code }
    let bodyCode = unsafe request.body.withUnsafeBytes { bytes in
      // An empty array may have no address, which would mean another source of the body.
      unsafe ccurl_set_body(raw, bytes.baseAddress ?? UnsafeRawPointer(errorText), bytes.count)
    }
    guard bodyCode == CURLE_OK else { return bodyCode }
    return setVerb(method == .post ? nil : method.rawValue)
  }

  private func setVerb(_ verb: String?) -> CURLcode {
    guard let verb else { return unsafe ccurl_set_text(raw, CURLOPT_CUSTOMREQUEST, nil) }
    return set(CURLOPT_CUSTOMREQUEST, verb)
  }

  private static func list(of request: OutboundRequest) -> CurlList {
    var list = CurlList()
    var hasType = false
    for header in request.headers {
      hasType =
        hasType || header.name.utf8.count == 12 && header.name.lowercased() == "content-type"
      list.append(field: header.name, header.value)
    }
    // Nobody is asked whether a body would be welcome, and none is said to be a form.
    list.append("Expect:")
    if !hasType { list.append("Content-Type:") }
    return list
  }

  private func set(_ option: CURLoption, _ value: Int) -> CURLcode {
    unsafe ccurl_set_long(raw, option, value)
  }

  /// The list must outlive the transfer.
  private func set(_ option: CURLoption, _ list: borrowing CurlList) -> CURLcode {
    unsafe ccurl_set_list(raw, option, list.head)
  }

  private func set(_ option: CURLoption, _ value: String) -> CURLcode {
    unsafe ccurl_set_text(raw, option, value)
  }
}
