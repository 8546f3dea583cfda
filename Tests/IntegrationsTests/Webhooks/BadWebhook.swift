import IntegrationAPI
import Integrations
import ProtobufC
import Testing

/// A request to create a webhook with something wrong in it, and the fields it is refused for.
struct BadWebhook: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let fields: [String]
  let edit: @Sendable (inout CreateWebhookRequest) -> Void

  init(
    _ description: String, _ fields: [String],
    _ edit: @Sendable @escaping (inout CreateWebhookRequest) -> Void
  ) {
    testDescription = description
    self.fields = fields
    self.edit = edit
  }
}

extension BadWebhook {
  static let all = settings + urls + auths + customHeaders + retries

  private static let settings: [BadWebhook] = [
    BadWebhook("no tenant", ["tenant_id"]) { $0.tenantId = "" },
    BadWebhook("no UUID", ["tenant_id"]) { $0.tenantId = "x" },
    BadWebhook("no name", ["webhook_name"]) { $0.webhookName = "" },
    BadWebhook("long name", ["webhook_name"]) {
      $0.webhookName = String(repeating: "n", count: 201)
    },
    BadWebhook("name of two lines", ["webhook_name"]) { $0.webhookName = "a\nb" },
    BadWebhook("no subscription", ["subscribed_events"]) { $0.subscribedEvents = [] },
    BadWebhook("101 subscriptions", ["subscribed_events"]) {
      $0.subscribedEvents = Array(repeating: "*", count: 101)
    },
    BadWebhook("bad subscriptions", ["subscribed_events[0]", "subscribed_events[2]"]) {
      $0.subscribedEvents = ["pay*", "payment.*", "a..b"]
    },
    BadWebhook("method", ["http_method"]) { $0.httpMethod = "post" },
    BadWebhook("GET", ["http_method"]) { $0.httpMethod = "GET" },
    BadWebhook("short timeout", ["timeout"]) { $0.timeout = .seconds(0, nanos: 999_999_999) },
    BadWebhook("long timeout", ["timeout"]) { $0.timeout = .seconds(30, nanos: 1) },
    BadWebhook("no timeout at all", ["timeout"]) { $0.timeout = .seconds(5, nanos: -1) },
    BadWebhook("endless timeout", ["timeout"]) { $0.timeout = .seconds(.max) },
    BadWebhook("idempotency key", ["idempotency_key"]) { $0.idempotencyKey = "with space" },
    BadWebhook("several at once", ["webhook_name", "webhook_url", "max_retries"]) {
      $0.webhookName = ""
      $0.webhookUrl = "ftp://a.example/"
      $0.maxRetries = -1
    },
  ]

  private static let urls: [BadWebhook] = [
    "", "http://a.example/", "https://user@a.example/", "https://a.example/#f",
    "https://a.example:22/", "https://ä.example/", "https://127.0.0.1/", "https://127.1/",
    "https://10.0.0.7/x", "https://169.254.169.254/latest/meta-data", "https://[::1]/",
    "https://[fd00:ec2::254]/", "https://[::ffff:7f00:1]/", "https://0x7f000001/",
    "https://a.example/" + String(repeating: "p", count: 2048), "https://a b.example/",
  ].map { url in
    BadWebhook("URL \(url.prefix(60))", ["webhook_url"]) { $0.webhookUrl = url }
  }

  private static func auth(
    _ description: String, _ fields: [String], _ auth: WebhookAuth
  ) -> BadWebhook {
    BadWebhook(description, fields.map { "auth.\($0)" }) { $0.auth = auth }
  }

  private static let auths: [BadWebhook] = [
    auth("unknown type", ["auth_type"], WebhookAuth(authType: .unrecognized(9))),
    auth("basic without both", ["username", "password"], WebhookAuth(authType: .basic)),
    auth(
      "username with colon", ["username"],
      WebhookAuth(authType: .basic, username: "a:b", password: "p")),
    auth(
      "long username and password", ["username", "password"],
      WebhookAuth(
        authType: .basic, username: String(repeating: "u", count: 256),
        password: String(repeating: "p", count: 1025))),
    auth(
      "password with line feed", ["password"],
      WebhookAuth(authType: .basic, username: "a", password: "p\r\nX: y")),
    auth("bearer without token", ["token"], WebhookAuth(authType: .bearer)),
    auth("token with blank", ["token"], WebhookAuth(authType: .bearer, token: "a b")),
    auth("token of signs", ["token"], WebhookAuth(authType: .bearer, token: "===")),
    auth("token with sign inside", ["token"], WebhookAuth(authType: .bearer, token: "a=b")),
    auth(
      "long token", ["token"],
      WebhookAuth(authType: .bearer, token: String(repeating: "t", count: 4097))),
    auth("unknown profile", ["signature_profile"], WebhookAuth(signatureProfile: .unrecognized(9))),
    auth(
      "no prefix", ["signing_secret"],
      WebhookAuth(signingSecret: "c2VjcmV0LXNlY3JldC1zZWNyZXQtMQ==")),
    auth("short secret", ["signing_secret"], WebhookAuth(signingSecret: "whsec_c2hvcnQ=")),
    auth("no base 64", ["signing_secret"], WebhookAuth(signingSecret: "whsec_%%%%")),
    auth(
      "symmetric for asymmetric", ["signing_secret"],
      WebhookAuth(
        signatureProfile: .standardAsymmetric,
        signingSecret: "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz")),
    auth(
      "short passphrase", ["signing_secret"],
      WebhookAuth(signatureProfile: .github, signingSecret: "fifteen-letters")),
    auth(
      "passphrase with blank", ["signing_secret"],
      WebhookAuth(signatureProfile: .stripe, signingSecret: "sixteen letters ")),
    auth(
      "reserved signature header", ["signature_header"],
      WebhookAuth(signatureProfile: .bodyHex, signatureHeader: "Content-Type")),
    auth(
      "long signature header", ["signature_header"],
      WebhookAuth(
        signatureProfile: .bodyHex, signatureHeader: String(repeating: "x", count: 65))),
    auth(
      "signature header of another profile", ["signature_header"],
      WebhookAuth(signatureProfile: .github, signatureHeader: "X-Sig")),
    auth(
      "what belongs to others",
      ["username", "password", "token", "signature_profile", "signing_secret", "signature_header"],
      WebhookAuth(
        authType: .none, username: "u", password: "p", token: "t", signatureProfile: .github,
        signingSecret: "s", signatureHeader: "h")),
    auth(
      "basic fields for hmac", ["username", "password", "token"],
      WebhookAuth(authType: .hmac, username: "u", password: "p", token: "t")),
  ]

  private static func headers(
    _ description: String, _ field: String, _ headers: [(String, String)],
    _ auth: WebhookAuth? = nil
  ) -> BadWebhook {
    BadWebhook("header: \(description)", ["custom_headers\(field)"]) {
      $0.customHeaders = headers.map { WebhookHeader(name: $0.0, value: $0.1) }
      $0.auth = auth
    }
  }

  private static let customHeaders: [BadWebhook] = [
    headers("no name", "[0].name", [("", "v")]),
    headers("name with colon", "[0].name", [("X:Y", "v")]),
    headers("long name", "[0].name", [(String(repeating: "x", count: 65), "v")]),
    headers("reserved", "[1].name", [("X-A", "v"), ("Content-Length", "1")]),
    headers("of the standard", "[0].name", [("Webhook-Id", "1")]),
    headers("twice", "[1].name", [("X-A", "1"), ("x-a", "2")]),
    headers("no value", "[0].value", [("X-A", "")]),
    headers("injection", "[0].value", [("X-A", "a\r\nX-B: b")]),
    headers("long value", "[0].value", [("X-A", String(repeating: "v", count: 4097))]),
    headers("33", "", (0..<33).map { ("X-\($0)", "v") }),
    headers("over 8 KiB", "", (0..<3).map { ("X-\($0)", String(repeating: "v", count: 4000)) }),
    headers("value to keep", "[0].value", [("X-Token", "***")]),
    headers(
      "authorization of basic", "[0].name", [("Authorization", "Custom x")],
      WebhookAuth(authType: .basic, username: "u", password: "p")),
    headers(
      "the signature's", "[0].name", [("x-acme-sig", "v")],
      WebhookAuth(signatureProfile: .bodyHex, signatureHeader: "X-Acme-Sig")),
  ]

  private static func policy(
    _ description: String, _ fields: [String], _ policy: WebhookRetryPolicy
  ) -> BadWebhook {
    BadWebhook("policy: \(description)", fields.map { "retry_policy.\($0)" }) {
      $0.retryPolicy = policy
    }
  }

  private static let retries: [BadWebhook] = [
    BadWebhook("51 retries", ["max_retries"]) { $0.maxRetries = 51 },
    BadWebhook("delay under a second", ["retry_delay"]) { $0.retryDelay = .seconds(0) },
    BadWebhook("delay over 7 days", ["retry_delay"]) {
      $0.retryDelay = .seconds(604_800, nanos: 1)
    },
    policy("unknown preset", ["preset"], WebhookRetryPolicy(preset: .unrecognized(9))),
    policy("custom without delays", ["delays"], WebhookRetryPolicy(preset: .custom)),
    policy(
      "51 delays", ["delays"],
      WebhookRetryPolicy(preset: .custom, delays: Array(repeating: .seconds(1), count: 51))),
    policy(
      "bad delays", ["delays[0]", "delays[2]"],
      WebhookRetryPolicy(preset: .custom, delays: [.seconds(0), .seconds(1), .seconds(604_801)])),
    policy(
      "delays of a preset", ["delays"], WebhookRetryPolicy(preset: .fast, delays: [.seconds(1)])),
    policy("jitter", ["jitter_percent"], WebhookRetryPolicy(jitterPercent: 51)),
    policy("negative jitter", ["jitter_percent"], WebhookRetryPolicy(jitterPercent: -1)),
    policy(
      "21 rules", ["status_rules"],
      WebhookRetryPolicy(
        statusRules: Array(
          repeating: WebhookStatusRule(firstStatus: 500, lastStatus: 500, action: .fail),
          count: 21))),
    policy(
      "bad rules", ["status_rules[0]", "status_rules[1]", "status_rules[2].action"],
      WebhookRetryPolicy(statusRules: [
        WebhookStatusRule(firstStatus: 200, lastStatus: 299, action: .fail),
        WebhookStatusRule(firstStatus: 500, lastStatus: 499, action: .fail),
        WebhookStatusRule(firstStatus: 500, lastStatus: 500),
        WebhookStatusRule(firstStatus: 300, lastStatus: 599, action: .disable),
      ])),
  ]
}
