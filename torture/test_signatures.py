"""The signatures are the standard's: its published vectors, and the cases of its libraries."""

import unittest

import signatures
from signatures import MalformedSecret, secret_bytes, sign, verdict

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = "1614265330"
BODY = b'{"test": 2432232314}'
GOOD = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = float(TIMESTAMP)


def headers(**changes: str) -> dict[str, str]:
    given = {"webhook-id": MESSAGE, "webhook-timestamp": TIMESTAMP, "webhook-signature": GOOD}
    return given | {f"webhook-{name}": value for name, value in changes.items()}


class KnownAnswers(unittest.TestCase):
    def test_published_vectors(self):
        vectors = [
            (SECRET, MESSAGE, TIMESTAMP, BODY, GOOD),
            ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
             "1649367553", b'{"email":"test@example.com","username":"test_user"}',
             "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
        ]
        for secret, message, timestamp, body, right in vectors:
            self.assertEqual(sign(secret_bytes(secret), message, timestamp, body), right)

    def test_prefix_of_a_secret_is_optional(self):
        self.assertEqual(secret_bytes(SECRET), secret_bytes(SECRET[len("whsec_"):]))

    def test_secrets_that_hold_nothing_are_refused(self):
        for secret in ("", "whsec_", "whsec_#"):
            with self.assertRaises(MalformedSecret):
                secret_bytes(secret)


class Verdicts(unittest.TestCase):
    def judge(self, given: dict[str, str], body: bytes = BODY, now: float = NOW) -> str:
        return verdict([secret_bytes(SECRET)], given, body, now)

    def test_good_one(self):
        self.assertEqual(self.judge(headers()), "ok")

    def test_each_header_is_needed(self):
        for name in headers():
            given = headers()
            del given[name]
            self.assertEqual(self.judge(given), "missing", name)

    def test_timestamps(self):
        self.assertEqual(self.judge(headers(timestamp="hello")), "malformed")
        for off, said in ((300, "ok"), (-300, "ok"), (301, "stale"), (-301, "stale")):
            self.assertEqual(self.judge(headers(), now=NOW + off), said)

    def test_bad_ones(self):
        for signature in (
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=", "v1,", "v1", GOOD[3:],
            "v2" + GOOD[2:],
        ):
            self.assertEqual(self.judge(headers(signature=signature)), "bad", signature)
        self.assertEqual(self.judge(headers(), BODY + b" "), "bad")
        self.assertEqual(self.judge(headers(id="msg_other")), "bad")

    def test_one_good_one_in_a_list_suffices(self):
        other = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
        self.assertEqual(self.judge(headers(signature=f"{other} v2,xyz {GOOD} {other}")), "ok")

    def test_any_of_several_keys(self):
        keys = [secret_bytes("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"), secret_bytes(SECRET)]
        self.assertEqual(verdict(keys, headers(), BODY, NOW), "ok")

    def test_reference_library_agrees(self):
        import time
        timestamp = str(int(time.time()))
        signature = sign(secret_bytes(SECRET), MESSAGE, timestamp, BODY)
        given = headers(timestamp=timestamp, signature=signature)
        opinion = signatures.second_opinion(SECRET, given, BODY)
        if opinion is None:
            self.skipTest("standardwebhooks is not installed")
        self.assertTrue(opinion)
        self.assertFalse(signatures.second_opinion(SECRET, given, BODY + b" "))


if __name__ == "__main__":
    unittest.main()
