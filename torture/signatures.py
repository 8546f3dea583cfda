"""Standard Webhooks signatures, checked without the engine's code.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
from collections.abc import Iterable, Mapping

#: How far the timestamp may be from the receiver's clock, in seconds.
TOLERANCE = 300


class MalformedSecret(ValueError):
    """A secret that is not base64, or empty. Its text is not repeated."""


def secret_bytes(secret: str) -> bytes:
    """The key of a secret, with or without its prefix ``whsec_``."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise MalformedSecret("the secret is not base64") from None
    if not key:
        raise MalformedSecret("the secret is empty")
    return key


def sign(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a message, as in ``v1,<base64>``."""
    content = b"%s.%s.%s" % (message_id.encode(), timestamp.encode(), body)
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verdict(
    keys: Iterable[bytes], headers: Mapping[str, str], body: bytes, now: float
) -> str:
    """What is to be said of a request: ``ok``, ``missing``, ``malformed``, ``stale`` or ``bad``.

    ``headers`` have lower-case names. One good signature of the list suffices, by any of ``keys``.
    """
    message_id = headers.get("webhook-id")
    timestamp = headers.get("webhook-timestamp")
    signatures = headers.get("webhook-signature")
    if not message_id or not timestamp or not signatures:
        return "missing"
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 15:
        return "malformed"
    if math.fabs(now - int(timestamp)) > TOLERANCE:
        return "stale"
    given = [each.encode() for each in signatures.split(" ") if each.startswith("v1,")]
    for key in keys:
        right = sign(key, message_id, timestamp, body).encode()
        if any(hmac.compare_digest(right, each) for each in given):
            return "ok"
    return "bad"


def second_opinion(secret: str, headers: Mapping[str, str], body: bytes) -> bool | None:
    """What the reference library (PyPI ``standardwebhooks``) says; None where it is missing."""
    try:
        from standardwebhooks import Webhook, WebhookVerificationError
    except ImportError:
        return None
    try:
        Webhook(secret).verify(body, dict(headers))
    except WebhookVerificationError:
        return False
    except ValueError:
        # Verified; that the body is not JSON is of no concern here.
        return True
    return True
