"""The tenants of a run and their webhooks: who subscribes to what, how their receivers behave."""

from __future__ import annotations

import base64
import os
import uuid
from dataclasses import dataclass

from contract import Contract
from hooks import Hook
from journal import Journal
from ttrpc import Client, retry

EVERYTHING = ("*",)
RARE = ("torture.rare",)
TENANTS = 3


@dataclass(frozen=True, slots=True)
class Scene:
    """A webhook that every tenant has. Times are seconds."""

    name: str
    #: What its receiver does (``behaviours.py``); ``refused``: nobody listens.
    path: str
    subscribed: tuple[str, ...] = RARE
    expect: str = "any"
    retries: int = 1
    timeout: int = 2
    auth: str = "hmac"
    may_disable: bool = False


#: Receivers that answer 2xx in the end must be told everything, whatever dies; those that never do
#: must be given up; of the rest the ledger only wants one end.
SCENES = (
    Scene("ok", "/ok", EVERYTHING, "succeeded", 50),
    Scene("slow", "/slow/300", ("torture.common",), "succeeded", 50, timeout=4),
    Scene("flaky", "/flaky/30", ("torture.*",), "succeeded", 50),
    Scene("token", "/ok", RARE, "succeeded", 50, auth="bearer"),
    Scene("close-after", "/close-after", RARE, "succeeded", 50),
    Scene("busy", "/status/503?retry-after=1", RARE, "failed", 2),
    Scene("limited", "/429?retry-after=2", RARE, "failed"),
    Scene("redirect", "/redirect/307", RARE, "failed"),
    Scene("reset", "/reset", RARE, "failed"),
    Scene("half-body", "/half-body", RARE, "failed"),
    Scene("silent", "/accept-no-reply", RARE, "failed", timeout=1),
    Scene("drip", "/drip", RARE, "failed", timeout=1),
    Scene("refused", "refused", RARE, "failed"),
    Scene("garbage", "/garbage", RARE, "failed"),
    Scene("endless-head", "/endless-head", RARE, "failed"),
    Scene("endless", "/endless"),
    Scene("gzip-bomb", "/gzip-bomb/16"),
    Scene("big-header", "/big-header/256"),
    Scene("informational", "/informational/1000"),
    Scene("wrong-length", "/wrong-length"),
    Scene("gone", "/gone", may_disable=True),
)


def build(
    client: Client, contract: Contract, register: Journal, receiver: str, refused: str,
    tenants: int = TENANTS, limit: float = 60,
) -> list[str]:
    """Creates tenants and webhooks; the tenants' ids.

    :param receiver: where the receiver is, as in ``http://127.0.0.1:8080``.
    :param refused: an address where connections are refused.
    :raises CallFailed: the daemon does not take one.
    """
    made = []
    for number in range(tenants):
        tenant = str(uuid.uuid4())
        retry(lambda: client.call(
            "integration.v1.TenantService/CreateTenant", display_name=f"Tenant {number}",
            tenant_id=tenant, idempotency_key=tenant), limit)
        for scene in SCENES:
            _create(client, contract, register, tenant, number, scene, receiver, refused, limit)
        made.append(tenant)
    return made


def _create(
    client: Client, contract: Contract, register: Journal, tenant: str, number: int, scene: Scene,
    receiver: str, refused: str, limit: float,
) -> None:
    hook = Hook(
        name=f"{number}-{scene.name}", tenant=tenant, auth=scene.auth,
        secrets=("whsec_" + base64.b64encode(os.urandom(32)).decode(),),
        token=os.urandom(16).hex(), subscribed=scene.subscribed, expect=scene.expect,
        may_disable=scene.may_disable)
    # First the receiver must know its secret.
    register.append(hook.record())
    answer = retry(lambda: client.send(
        "integration.v1.WebhookService/CreateWebhook",
        _request(contract, hook, scene, receiver, refused)), limit)
    register.append(hook.record() | {"webhook": answer.webhook.webhook_id})


def _request(contract: Contract, hook: Hook, scene: Scene, receiver: str, refused: str):
    request, _ = contract.method("integration.v1.WebhookService/CreateWebhook")
    path = "/ok" if scene.path == "refused" else scene.path
    base = refused if scene.path == "refused" else receiver
    made = request(
        tenant_id=hook.tenant, webhook_name=hook.name,
        webhook_url=f"{base}{path}{'&' if '?' in path else '?'}hook={hook.name}",
        subscribed_events=hook.subscribed, max_retries=scene.retries, idempotency_key=hook.name)
    made.timeout.seconds = scene.timeout
    made.retry_delay.seconds = 1
    made.auth.auth_type = contract.value(
        f"integration.v1.WEBHOOK_AUTH_TYPE_{scene.auth.upper()}")
    if scene.auth == "hmac":
        made.auth.signing_secret = hook.secrets[0]
    if scene.auth == "bearer":
        made.auth.token = hook.token
    return made
