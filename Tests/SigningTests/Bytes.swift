import KeyRules
import Signing

/// The bytes that hexadecimal digits stand for; anything else among them is skipped.
func bytes(hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count - 1, by: 2).map {
    UInt8(digits[$0] * 16 + digits[$0 + 1])
  }
}

func macKey(_ key: [UInt8]) -> MACKey { MACKey(key.span) }

func message(
  id: String = "msg_p5jXN8AQM9LWM0D4loKWxJek", at timestamp: Int64 = 1_614_265_330,
  body: String = #"{"test": 2432232314}"#
) throws -> WebhookMessage {
  try WebhookMessage(id: id, timestampUnixSeconds: timestamp, body: Array(body.utf8))
}

/// Secrets of the vectors, and one more; all are in public test suites or made up.
enum Sample {
  static let symmetric = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  static let other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
  static let ed25519 =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
  static let publicKey = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
  static let passphrase = "an-old-passphrase-of-theirs"
  static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
}

extension [SignatureHeader] {
  subscript(name: String) -> String? { first { $0.name == name }?.value }
}
