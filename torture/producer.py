#!/usr/bin/env python3
"""Publishes events through several daemons and writes down what it was told.

    producer.py PLAN.json

An intent is on disk before each call, its outcome after it. On SIGTERM (or after ``seconds``) it
stops publishing, sends every key whose fate is unknown again until there is a definite answer, and
prints a summary as JSON. Exit status 1: some key never got one.

The plan: ``sockets``, ``tenants``, ``ledger`` (file), ``rate`` (calls a second), ``concurrency``,
``timeout`` and ``settle_limit`` (seconds), ``seed``; optional ``seconds``.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from contract import Contract
from journal import Journal
from ttrpc import CallFailed, Client, is_lasting, outcome

PUBLISH = "integration.v1.EventService/PublishEvent"
PUBLISH_ALL = "integration.v1.EventService/PublishEvents"
#: Types and how often each is published.
TYPES = {"torture.common": 94, "torture.rare": 6}
#: Bytes of filling and how often.
SIZES = {100: 60, 1_500: 35, 60_000: 5}
#: Of a hundred calls: payloads that are not JSON, the same key at two daemons at once, batches.
INVALID, TWICE, BATCHES = 2, 2, 4
#: How often a caller that has other things to do tries a call, and its pause between, in seconds.
MOST_TRIES, PAUSE = 3, 0.2


@dataclass(frozen=True, slots=True)
class Item:
    """One event to publish."""

    tenant: str
    key: str
    type: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, see the module's text."""

    sockets: list[str]
    tenants: list[str]
    ledger: str
    rate: float = 50
    concurrency: int = 16
    timeout: float = 5
    settle_limit: float = 60
    seed: int = 1
    seconds: float = float("inf")


class Producer:
    """Publishes at a rate from many threads."""

    def __init__(self, plan: Plan, contract: Contract) -> None:
        self._plan = plan
        self._journal = Journal(Path(plan.ledger))
        self._clients = [Client(path, contract) for path in plan.sockets]
        self._event = contract.message("integration.v1.PublishEventRequest")
        self._events = contract.message("integration.v1.PublishEventsRequest")
        self._random = random.Random(plan.seed)
        self._keys = itertools.count()
        self._tries = itertools.count()
        self._pace = threading.Lock()
        self._due = time.monotonic()
        self._unknown: dict[str, Item] = {}
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        """Publishes until told to stop."""
        end = time.monotonic() + self._plan.seconds
        threads = [
            threading.Thread(target=self._publish_on, args=(end,), daemon=True)
            for _ in range(self._plan.concurrency)]
        for each in threads:
            each.start()
        for each in threads:
            # In pieces: a join without a limit would keep signals from being handled.
            while each.is_alive():
                each.join(0.2)

    def settle(self) -> int:
        """Sends what is unknown again, here and there, until it is known. Returns how many keys are
        still unknown when the limit is over."""
        end = time.monotonic() + self._plan.settle_limit
        while self._unknown and time.monotonic() < end:
            for item in list(self._unknown.values()):
                self._call(random.choice(self._clients), [item])
                if time.monotonic() > end:
                    break
            if self._unknown:
                time.sleep(0.2)
        return len(self._unknown)

    def close(self) -> None:
        for each in self._clients:
            each.close()
        self._journal.close()

    def _publish_on(self, end: float) -> None:
        while not self.stopping.is_set() and time.monotonic() < end:
            client, other, items, twice = self._next()
            if twice:
                racer = threading.Thread(target=self._call, args=(other, items), daemon=True)
                racer.start()
                self._call(client, items)
                racer.join(self._plan.timeout + 10)
            else:
                self._insist([client, other], items)

    def _insist(self, clients: list[Client], items: list[Item]) -> None:
        """As a careful caller: again with the same key, at the other daemon, while it is "not now"
        or unknown. What is unknown after that waits for the end."""
        for number in range(MOST_TRIES):
            if self._call(clients[number % len(clients)], items) or self.stopping.wait(PAUSE):
                return

    def _next(self) -> tuple[Client, Client, list[Item], bool]:
        """Waits for its turn and draws what to publish and where."""
        with self._pace:
            now = time.monotonic()
            # After an outage the backlog is not made up for: that would be a burst, not a rate.
            self._due = max(self._due + 1 / self._plan.rate, now - 0.1)
            wait = self._due - now
            first = self._random.randrange(len(self._clients))
            draw = self._random.randrange(100)
            tenant = self._random.choice(self._plan.tenants)
            many = self._random.randint(2, 10) if draw < BATCHES else 1
            items = [self._draw(tenant, is_valid=draw < 100 - INVALID) for _ in range(many)]
            twice = BATCHES <= draw < BATCHES + TWICE
        if wait > 0:
            self.stopping.wait(wait)
        return self._clients[first], self._clients[first - 1], items, twice

    def _draw(self, tenant: str, is_valid: bool) -> Item:
        key = f"{self._plan.seed}-{next(self._keys)}"
        (kind,) = self._random.choices(list(TYPES), list(TYPES.values()))
        (size,) = self._random.choices(list(SIZES), list(SIZES.values()))
        body = {"key": key, "tenant": tenant, "filling": "x" * size}
        data = json.dumps(body).encode()
        return Item(tenant, key, kind, data if is_valid else data[:-1])

    def _call(self, client: Client, items: list[Item]) -> bool:
        """One call, written down before and after; whether its answer is definite and lasting."""
        tries = [f"{self._plan.seed}.{next(self._tries)}" for _ in items]
        self._journal.append(*(
            {"kind": "intent", "t": time.time(), "try": each, "tenant": item.tenant,
             "key": item.key, "type": item.type, "sha256": item.sha256}
            for each, item in zip(tries, items)))
        try:
            said, code, ids = "A", "OK", self._ask(client, items)
            is_known = True
        except CallFailed as failure:
            said, code, ids = outcome(failure), failure.name, [""] * len(items)
            is_known = is_lasting(failure)
        self._journal.append(*(
            {"kind": "outcome", "t": time.time(), "try": each, "outcome": said, "event": event,
             "code": code} for each, event in zip(tries, ids)))
        with self._lock:
            self.counts[said] += len(items)
            self.counts[f"{said} {code}"] += len(items)
            for item in items:
                # "Not now" says nothing about an earlier try whose fate is unknown.
                if said == "U":
                    self._unknown[item.key] = item
                elif is_known:
                    self._unknown.pop(item.key, None)
        return is_known

    def _ask(self, client: Client, items: list[Item]) -> list[str]:
        """Publishes; the ids of the events."""
        requests = [
            self._event(tenant_id=item.tenant, event_type=item.type, event_data=item.data,
                        idempotency_key=item.key) for item in items]
        if len(requests) == 1:
            return [client.send(PUBLISH, requests[0], self._plan.timeout).event_id]
        batch = self._events(tenant_id=items[0].tenant, events=requests)
        answer = client.send(PUBLISH_ALL, batch, self._plan.timeout)
        if len(answer.events) != len(items):
            raise CallFailed("the answer has another number of events than the request")
        return [each.event_id for each in answer.events]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("plan", type=Path)
    plan = Plan(**json.loads(parser.parse_args().plan.read_text()))
    producer = Producer(plan, Contract())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: producer.stopping.set())
    print("ready", flush=True)
    producer.run()
    unknown = producer.settle()
    producer.close()
    print(json.dumps({"unknown": unknown, **dict(sorted(producer.counts.items()))}), flush=True)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
