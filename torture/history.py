"""What happened in a run, as told by everybody but the engine, and what the database says.

A run's folder holds

    producer*.jsonl   intents before the call, outcomes after it
    receiver*.jsonl   every request that arrived
    faults.jsonl      what was done to whom, and when; what the harness itself saw go wrong
    terminals.jsonl   deliveries that had ended, as seen during the run
    hooks.jsonl       the register of webhooks
    dump/*.csv        the tables at the end (``dump.py``)
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hooks import Hook, read_hooks
from journal import read_journal, read_journals

#: The type of the events that TestWebhook makes: nobody published them.
TEST_TYPE = "webhook.test"
#: Refusals that say the same whenever the request is sent: they tell of earlier tries too.
LASTING = {
    "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "FAILED_PRECONDITION",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "UNAUTHENTICATED",
}


@dataclass(slots=True)
class Try:
    """One call that asked for an event to be published."""

    began: float
    #: ``A`` acknowledged, ``N`` refused, ``U`` unknown. A call without an outcome is unknown.
    outcome: str = "U"
    event: str = ""
    code: str = ""


@dataclass(slots=True)
class Publication:
    """All calls with one idempotency key."""

    tenant: str
    key: str
    type: str
    sha256: str
    tries: list[Try] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """``A`` when any call was acknowledged; else ``N`` when one was refused for good, or all
        were refused; else ``U``."""
        if any(each.outcome == "A" for each in self.tries):
            return "A"
        if any(each.outcome == "N" and each.code.split(" ")[0] in LASTING for each in self.tries):
            return "N"
        return "U" if self.was_unknown else "N"

    @property
    def was_unknown(self) -> bool:
        return any(each.outcome == "U" for each in self.tries)


@dataclass(slots=True)
class Hit:
    """A request at the receiver. ``at`` is when its head had arrived."""

    at: float
    hook: str
    tenant: str
    event: str
    sha256: str | None
    status: int
    settles: str
    signature: str
    signed_by: str
    trap: bool
    retry_after: float | None
    #: What its sender says when it made it, in whole seconds; None when it does not say.
    made: int | None = None

    @property
    def may_settle(self) -> bool:
        """Whether the sender may take it for delivered."""
        return 200 <= self.status < 300 and self.settles != "no"


@dataclass(slots=True)
class Fault:
    """Something that was done to a process, from ``at`` to ``until``."""

    kind: str
    target: str
    at: float
    until: float
    #: Most attempts that it can have caught, where the harness knows better than the log.
    in_flight: int | None


@dataclass(slots=True)
class Event:
    tenant: str
    id: str
    type: str
    sha256: str
    key: str


@dataclass(slots=True)
class Delivery:
    tenant: str
    id: str
    webhook: str
    event: str
    state: str
    attempts: int
    is_test: bool
    ended: float | None


@dataclass(slots=True)
class Attempt:
    """A row of the log. ``ended`` is None while it is in progress."""

    tenant: str
    delivery: str
    number: int
    webhook: str
    event: str
    status: str
    cause: int
    response_status: int | None
    began: float
    ended: float | None
    next_retry: float | None


@dataclass(slots=True)
class Counters:
    """A row of webhook_statistics."""

    tenant: str
    webhook: str
    total: int
    successful: int
    failed: int
    attempts: int


@dataclass(slots=True)
class Webhook:
    tenant: str
    id: str
    is_active: bool
    is_deleted: bool


def _number(text: str) -> float | None:
    return float(text) if text else None


class History:
    """Everything that is known of a run, with the indexes that the checks need."""

    def __init__(self, folder: Path) -> None:
        """Reads a run's folder.

        :raises OSError, ValueError, KeyError: evidence is missing or malformed.
        """
        self.publications: dict[tuple[str, str], Publication] = {}
        self.hits: list[Hit] = []
        self.faults: list[Fault] = []
        self.observations: list[str] = []
        self.cycles = 0
        self.hooks: dict[str, Hook] = read_hooks(folder / "hooks.jsonl")
        self.terminals: list[dict] = list(read_journal(folder / "terminals.jsonl"))
        self._read_producers(sorted(folder.glob("producer*.jsonl")))
        self._read_hits(sorted(folder.glob("receiver*.jsonl")))
        self._read_faults(folder / "faults.jsonl")
        self._read_dump(folder / "dump")
        self._index()

    def _read_producers(self, paths: list[Path]) -> None:
        tries: dict[str, Try] = {}
        for record in read_journals(paths):
            if record["kind"] == "intent":
                name = (record["tenant"], record["key"])
                publication = self.publications.setdefault(name, Publication(
                    *name, record["type"], record["sha256"]))
                if publication.sha256 != record["sha256"]:
                    raise ValueError(f"the producer used key {record['key']} for two payloads")
                tries[record["try"]] = Try(record["t"])
                publication.tries.append(tries[record["try"]])
            elif record["kind"] == "outcome":
                each = tries[record["try"]]
                each.outcome, each.code = record["outcome"], record["code"]
                each.event = record["event"]

    def _read_hits(self, paths: list[Path]) -> None:
        for record in read_journals(paths):
            if record["kind"] == "hit":
                self.hits.append(Hit(
                    record["t"], record["hook"], record["tenant"], record["webhook_id"],
                    record["sha256"], record["status"], record["settles"], record["signature"],
                    record.get("signed_by", ""), record["trap"], record["retry_after"],
                    int(made) if (made := record.get("timestamp") or "").isdigit() else None))
        self.hits.sort(key=lambda hit: hit.at)

    def _read_faults(self, path: Path) -> None:
        for record in read_journal(path):
            match record["kind"]:
                case "fault":
                    self.faults.append(Fault(
                        record["fault"], record["target"], record["t"], record["until"],
                        record.get("in_flight")))
                case "observation":
                    self.observations.append(record["text"])
                case "cycle":
                    self.cycles += 1

    def _read_dump(self, folder: Path) -> None:
        def rows(name: str) -> Iterator[dict[str, str]]:
            with open(folder / f"{name}.csv", newline="") as file:
                yield from csv.DictReader(file)

        self.events = [
            Event(r["tenant_id"], r["id"], r["event_type"], r["sha256"], r["idempotency_key"])
            for r in rows("events")]
        self.deliveries = [
            Delivery(
                r["tenant_id"], r["id"], r["webhook_id"], r["event_id"], r["state"],
                int(r["attempts"]), r["is_test"] == "t", _number(r["ended_at"]))
            for r in rows("webhook_deliveries")]
        self.attempts = [
            Attempt(
                r["tenant_id"], r["delivery_id"], int(r["attempt_number"]), r["webhook_id"],
                r["event_id"], r["delivery_status"], int(r["cause"]),
                int(r["response_status_code"]) if r["response_status_code"] else None,
                float(r["created_at"]), _number(r["delivered_at"]), _number(r["next_retry_at"]))
            for r in rows("webhook_delivery_logs")]
        self.counters = [
            Counters(
                r["tenant_id"], r["webhook_id"], int(r["total_deliveries"]),
                int(r["successful_deliveries"]), int(r["failed_deliveries"]),
                int(r["total_attempts"]))
            for r in rows("webhook_statistics")]
        self.webhooks = {
            r["id"]: Webhook(r["tenant_id"], r["id"], r["is_active"] == "t", bool(r["deleted_at"]))
            for r in rows("webhooks")}

    def _index(self) -> None:
        self.hook_of_webhook = {hook.webhook: hook for hook in self.hooks.values()}
        #: By (tenant, event): ids are unique in a tenant only.
        self.event_by_id = {(each.tenant, each.id): each for each in self.events}
        self.events_by_key: dict[tuple[str, str], list[Event]] = defaultdict(list)
        self.events_by_hash: dict[tuple[str, str], list[Event]] = defaultdict(list)
        for event in self.events:
            self.events_by_key[event.tenant, event.key].append(event)
            self.events_by_hash[event.tenant, event.sha256].append(event)
        self.publication_by_hash = {
            (each.tenant, each.sha256): each for each in self.publications.values()}
        #: By (event, webhook).
        self.deliveries_by_pair: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
        self.delivery_by_id = {(each.tenant, each.id): each for each in self.deliveries}
        for delivery in self.deliveries:
            self.deliveries_by_pair[delivery.event, delivery.webhook].append(delivery)
        self.attempts_by_pair: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        self.attempts_by_delivery: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        for attempt in sorted(self.attempts, key=lambda each: (each.began, each.number)):
            self.attempts_by_pair[attempt.event, attempt.webhook].append(attempt)
            self.attempts_by_delivery[attempt.tenant, attempt.delivery].append(attempt)
        self.hits_by_pair: dict[tuple[str, str], list[Hit]] = defaultdict(list)
        for hit in self.hits:
            if (hook := self.hooks.get(hit.hook)) and hook.webhook:
                self.hits_by_pair[hit.event, hook.webhook].append(hit)
