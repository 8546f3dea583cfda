"""A made-up run without a fault in it, for testing the ledger: every sort of record, all in order.

Held as the raw records of the files, so that a test can spoil any of them and still goes through
the same reader as a real run.
"""

from __future__ import annotations

import csv
import hashlib
import json
import uuid
from pathlib import Path

from hooks import Hook

#: When the run begins, seconds since the epoch.
BEGIN = 1_700_000_000.0
LEASE = 5.0
SECRETS = {
    "a": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "b": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
}


def identifier(*names: object) -> str:
    """The same id for the same names."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, names))))


class Run:
    """Twelve events of two tenants, each owed to a webhook that answers and one that refuses.

    Event 3 of each tenant meets a kill: its first attempt is answered 2xx and abandoned, its second
    succeeds. Event 4 first times out. Key 5 of tenant a is unknown at first and acknowledged when
    it is sent again; key 6 was refused.
    """

    def __init__(self) -> None:
        self.producer: list[dict] = []
        self.receiver: list[dict] = []
        self.faults: list[dict] = [
            {"kind": "cycle", "t": BEGIN},
            {"kind": "fault", "fault": "kill", "target": "a", "t": BEGIN + 3.2,
             "until": BEGIN + 3.4, "in_flight": 4},
        ]
        self.terminals: list[dict] = []
        self.hooks: list[dict] = []
        self.events: list[dict] = []
        self.webhook_deliveries: list[dict] = []
        self.webhook_delivery_logs: list[dict] = []
        self.webhook_statistics: list[dict] = []
        self.webhooks: list[dict] = []
        for tenant in "ab":
            self._tenant(tenant)
            for number in range(6):
                self._event(tenant, number)
        self._refused("a", 6)
        self.recount()

    # Finding records, for those who spoil them

    def delivery(self, tenant: str, number: int, hook: str = "ok") -> dict:
        wanted = identifier(tenant, number, hook)
        return next(each for each in self.webhook_deliveries if each["id"] == wanted)

    def rows(self, tenant: str, number: int, hook: str = "ok") -> list[dict]:
        wanted = identifier(tenant, number, hook)
        return [each for each in self.webhook_delivery_logs if each["delivery_id"] == wanted]

    def event(self, tenant: str, number: int) -> dict:
        return next(each for each in self.events if each["id"] == identifier(tenant, number))

    def hits(self, tenant: str, number: int, hook: str = "ok") -> list[dict]:
        return [
            each for each in self.receiver
            if each["hook"] == f"{tenant}-{hook}"
            and each["webhook_id"] == identifier(tenant, number)]

    def recount(self) -> None:
        """Makes the counters those of the log."""
        self.webhook_statistics = []
        for webhook in self.webhooks:
            rows = [each["delivery_status"] for each in self.webhook_delivery_logs
                    if each["webhook_id"] == webhook["id"]]
            good, bad = rows.count("success"), rows.count("failed")
            self.webhook_statistics.append({
                "tenant_id": webhook["tenant_id"], "webhook_id": webhook["id"],
                "total_deliveries": good + bad, "successful_deliveries": good,
                "failed_deliveries": bad,
                "total_attempts": good + bad + rows.count("pending_retry")})

    def write(self, folder: Path) -> None:
        """Writes the folder that the ledger reads."""
        (folder / "dump").mkdir(parents=True)
        for name in ("producer", "receiver", "faults", "terminals", "hooks"):
            lines = [json.dumps(each) + "\n" for each in getattr(self, name)]
            (folder / f"{name}.jsonl").write_text("".join(lines))
        for name in ("events", "webhook_deliveries", "webhook_delivery_logs",
                     "webhook_statistics", "webhooks"):
            rows = getattr(self, name)
            with open(folder / "dump" / f"{name}.csv", "w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)

    # Making the clean run

    def _tenant(self, tenant: str) -> None:
        for hook, expect in (("ok", "succeeded"), ("busy", "failed")):
            webhook = identifier(tenant, hook)
            self.hooks.append(Hook(
                f"{tenant}-{hook}", identifier(tenant), secrets=(SECRETS[tenant],),
                expect=expect, webhook=webhook).record())
            self.webhooks.append({
                "tenant_id": identifier(tenant), "id": webhook, "is_active": "t",
                "disabled_reason": "", "deleted_at": ""})

    def _publish(self, tenant: str, number: int, outcomes: str) -> str:
        key = f"{tenant}{number}"
        sha256 = hashlib.sha256(key.encode()).hexdigest()
        for index, outcome in enumerate(outcomes):
            name, at = f"{key}.{index}", BEGIN + number + index * 0.05
            self.producer.append({
                "kind": "intent", "t": at, "try": name, "tenant": identifier(tenant), "key": key,
                "type": "torture.common", "sha256": sha256})
            self.producer.append({
                "kind": "outcome", "t": at + 0.01, "try": name, "outcome": outcome,
                "event": identifier(tenant, number) if outcome == "A" else "",
                "code": {"A": "OK", "N": "INVALID_ARGUMENT", "U": "UNAVAILABLE"}[outcome]})
        return sha256

    def _refused(self, tenant: str, number: int) -> None:
        self._publish(tenant, number, "N")

    def _event(self, tenant: str, number: int) -> None:
        sha256 = self._publish(tenant, number, "UA" if (tenant, number) == ("a", 5) else "A")
        self.events.append({
            "tenant_id": identifier(tenant), "id": identifier(tenant, number),
            "event_type": "torture.common", "sha256": sha256,
            "idempotency_key": f"{tenant}{number}",
            "created_at": BEGIN + number})
        at = BEGIN + number + 0.1
        match number:
            case 3:
                self.attempt(tenant, number, "ok", at, at + LEASE, "pending_retry", 10, None, 200)
                self.attempt(tenant, number, "ok", at + LEASE + 0.2, at + LEASE + 0.3,
                             "success", 0, 200, 200)
            case 4:
                self.attempt(tenant, number, "ok", at, at + 1, "pending_retry", 6, None, 200)
                self.attempt(tenant, number, "ok", at + 2, at + 2.1, "success", 0, 200, 200)
            case _:
                self.attempt(tenant, number, "ok", at, at + 0.1, "success", 0, 200, 200)
        self.attempt(tenant, number, "busy", at, at + 0.1, "pending_retry", 1, 503, 503)
        self.attempt(tenant, number, "busy", at + 1.2, at + 1.3, "failed", 1, 503, 503)
        self._end(tenant, number, "ok", "succeeded")
        self._end(tenant, number, "busy", "failed")

    def attempt(
        self, tenant: str, number: int, hook: str, began: float, ended: float, status: str,
        cause: int, seen: int | None, answered: int,
    ) -> None:
        """A row of the log and the request it led to."""
        rows = self.rows(tenant, number, hook)
        self.webhook_delivery_logs.append({
            "tenant_id": identifier(tenant), "delivery_id": identifier(tenant, number, hook),
            "attempt_number": len(rows) + 1, "webhook_id": identifier(tenant, hook),
            "event_id": identifier(tenant, number), "delivery_status": status, "cause": cause,
            "response_status_code": seen or "", "error_message": "", "created_at": began,
            "delivered_at": ended,
            "next_retry_at": ended + 0.1 if status == "pending_retry" else ""})
        self.hit(tenant, number, hook, began + 0.02, answered)

    def hit(self, tenant: str, number: int, hook: str, at: float, status: int = 200) -> None:
        """A request at the receiver."""
        self.receiver.append({
            "kind": "hit", "t": at, "hook": f"{tenant}-{hook}", "tenant": identifier(tenant),
            "webhook_id": identifier(tenant, number),
            "sha256": hashlib.sha256(f"{tenant}{number}".encode()).hexdigest(), "status": status,
            "settles": "yes", "signature": "ok", "trap": False, "retry_after": None})

    def _end(self, tenant: str, number: int, hook: str, state: str) -> None:
        rows = self.rows(tenant, number, hook)
        delivery = {
            "tenant_id": identifier(tenant), "id": identifier(tenant, number, hook),
            "webhook_id": identifier(tenant, hook), "event_id": identifier(tenant, number),
            "state": state, "attempts": len(rows), "is_test": "f",
            "ended_at": rows[-1]["delivered_at"]}
        self.webhook_deliveries.append(delivery)
        self.terminals.append({
            "tenant": delivery["tenant_id"], "id": delivery["id"], "state": state,
            "ended": delivery["ended_at"], "attempts": len(rows)})
