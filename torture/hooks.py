"""The register of webhooks: what a receiver and the ledger must know about each.

A JSON-lines file, written before the webhook exists, so that no request can come too early.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from journal import read_journal
from signatures import secret_bytes


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as its receiver knows it."""

    #: How the URL names it: ``?hook=NAME``.
    name: str
    tenant: str
    #: ``hmac``, ``bearer`` or ``none``.
    auth: str = "hmac"
    secrets: tuple[str, ...] = ()
    token: str = ""
    #: Types, prefixes with ``.*``, or ``*``.
    subscribed: tuple[str, ...] = ("*",)
    #: How deliveries must end: ``succeeded``, ``failed`` or ``any``.
    expect: str = "any"
    #: Whether the receiver may switch it off (410), which leaves deliveries pending or not owed.
    may_disable: bool = False
    #: The webhook's id, once it has one.
    webhook: str = ""

    @property
    def keys(self) -> tuple[bytes, ...]:
        return tuple(secret_bytes(secret) for secret in self.secrets)

    def covers(self, event_type: str) -> bool:
        """Whether events of a type are owed to it."""
        return any(
            each == "*" or each == event_type
            or each.endswith(".*") and event_type.startswith(each[:-1])
            for each in self.subscribed)

    def record(self) -> dict:
        """As it stands in the register."""
        return {
            "kind": "hook", "name": self.name, "tenant": self.tenant, "auth": self.auth,
            "secrets": list(self.secrets), "token": self.token,
            "subscribed": list(self.subscribed), "expect": self.expect,
            "may_disable": self.may_disable, "webhook": self.webhook,
        }

    @staticmethod
    def of(record: dict) -> Hook:
        return Hook(
            record["name"], record["tenant"], record["auth"], tuple(record["secrets"]),
            record["token"], tuple(record["subscribed"]), record["expect"],
            record["may_disable"], record["webhook"])


def read_hooks(path: Path) -> dict[str, Hook]:
    """The register by name; of a name that comes twice the last record counts."""
    return {each["name"]: Hook.of(each) for each in read_journal(path) if each["kind"] == "hook"}


class HookRegister:
    """The register for a receiver: read again when a name is unknown and the file has grown."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._size = -1
        self.hooks: dict[str, Hook] = {}
        self._keys: dict[str, tuple[bytes, ...]] = {}

    def find(self, name: str) -> Hook | None:
        if name not in self.hooks:
            self._reload()
        return self.hooks.get(name)

    def keys(self, name: str) -> tuple[bytes, ...]:
        """The signing keys of a known hook."""
        if name not in self._keys:
            self._keys[name] = self.hooks[name].keys
        return self._keys[name]

    def _reload(self) -> None:
        if self._path is None or not self._path.exists():
            return
        size = os.stat(self._path).st_size
        if size != self._size:
            self._size = size
            self.hooks = read_hooks(self._path)
            self._keys = {}
