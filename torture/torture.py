#!/usr/bin/env python3
"""Torture: two daemons on one database publish and deliver while everything around them dies.

    torture.py MINUTES | --cycles N | --short
               [--seed S] [--keep] [--integrationd PATH] [--json] ...

Everything is private to the run: PostgreSQL, sockets, receiver, files. Exit status: 0 the ledger is
clean; 1 an invariant is violated; 2 the run could not be made, or proved nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import random
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

import dump
import ledger
import world
from checks_attempts import Limits
from cluster import PORT, Cluster, ClusterError
from commit_proxy import CommitProxy
from contract import Contract
from daemon import Daemon, make_keyring
from faults import Faults
from findings import INVARIANTS
from history import History
from journal import Journal
from process import Process, ProcessError
from ttrpc import CallFailed, Client

HERE = Path(__file__).resolve().parent
#: What a run must have looked at to have proved anything.
NEEDED = [name for name in INVARIANTS if name != "DUE"]


class Torture:
    """One run, from nothing to the ledger's evidence."""

    def __init__(self, given: argparse.Namespace, work: Path, stack: contextlib.ExitStack) -> None:
        self._given = given
        self._work = work
        self._stack = stack
        self._dice = random.Random(given.seed)
        self._ended: set[str] = set()
        self._seen_until = 0.0
        self.evidence = work / "evidence"
        self.evidence.mkdir()
        self._terminals = self._journal("terminals")
        self._log = self._journal("faults")

    def run(self) -> None:
        """Builds, tortures, waits until everything is delivered, and dumps."""
        self._say("starting PostgreSQL, two daemons and a receiver")
        self._build()
        self._say("torturing")
        self._torture()
        self._say("waiting until nothing is owed")
        self._settle()
        self._dump()

    # Building

    def _build(self) -> None:
        given = self._given
        self._cluster = Cluster(self._work / "postgres")
        self._stack.callback(self._cluster.stop)
        self._cluster.start()
        config = self._work / "config.json"
        config.write_text(json.dumps({
            "allow_http": True, "allowed_addresses": ["127.0.0.0/8", "::1/128"],
            "delivery_lease_seconds": given.lease} if given.settings is None else given.settings))
        keyring = self._work / "keyring.json"
        make_keyring(given.integrationd, keyring)
        daemons, proxies = [], []
        for name in ("a", "b"):
            folder = self._work / f"proxy-{name}"
            folder.mkdir()
            proxy = CommitProxy(folder / f".s.PGSQL.{PORT}", self._cluster.socket)
            self._stack.callback(proxy.close)
            daemon = Daemon(
                name, given.integrationd, self._work / name, self._cluster.conninfo(folder),
                keyring, config)
            self._stack.callback(daemon.stop)
            daemon.start()
            proxies.append(proxy)
            daemons.append(daemon)
        self._faults = Faults(
            daemons, proxies, self._cluster, self._log, self._dice, given.lease)
        self._populate()

    def _populate(self) -> None:
        register = self._journal("hooks")
        self._receiver = self._process(
            "receiver", "receiver.py", "--ledger", self.evidence / "receiver.jsonl", "--hooks",
            self.evidence / "hooks.jsonl")
        address = "http://127.0.0.1:" + self._receiver.start(30).partition("port=")[2]
        # Bound and not listening: nobody else can have the port, and connections are refused.
        closed = self._stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{closed.getsockname()[1]}"
        contract = Contract()
        client = Client(str(self._faults.daemons[0].socket), contract)
        self._stack.callback(client.close)
        tenants = world.build(client, contract, register, address, refused)
        plan = self._work / "plan.json"
        plan.write_text(json.dumps({
            "sockets": [str(each.socket) for each in self._faults.daemons], "tenants": tenants,
            "ledger": str(self.evidence / "producer.jsonl"), "rate": self._given.rate,
            "seed": self._given.seed, "settle_limit": self._given.quiet_limit}))
        self._producer = self._process("producer", "producer.py", plan)
        self._producer.start(30)

    def _process(self, name: str, script: str, *arguments: str | Path) -> Process:
        process = Process(
            name, [sys.executable, "-B", HERE / script, *arguments], self._work / f"{name}.log")
        self._stack.callback(process.stop)
        return process

    def _journal(self, name: str) -> Journal:
        journal = Journal(self.evidence / f"{name}.jsonl")
        self._stack.callback(journal.close)
        return journal

    # Torturing

    def _torture(self) -> None:
        given = self._given
        end = time.monotonic() + given.minutes * 60 if given.minutes else None
        deck: list[str] = []
        cycle = 0
        while (cycle < given.cycles) if end is None else (time.monotonic() < end):
            deck = deck or self._faults.deck()
            kind = deck.pop()
            # Long enough for work to be under way, and never in step with it.
            time.sleep(self._dice.uniform(0.05, 0.5) + self._dice.choice((0, 0, 1)))
            cycle += 1
            self._say(f"cycle {cycle}: {kind}")
            self._faults.inflict(kind)
            for each in (self._producer, self._receiver):
                if not each.is_running:
                    raise ProcessError(f"the {each.name} ended with status {each.status}")
            self._snapshot()
            self._log.append({"kind": "cycle", "t": time.time(), "number": cycle})
        self._faults.look_after_daemons()

    def _snapshot(self) -> None:
        """Writes down which deliveries have ended since the last time: they may never change."""
        try:
            text = self._cluster.text(dump.ENDED_SINCE.format(since=self._seen_until - 5))
        except ClusterError:
            return  # The next one sees what this one missed.
        new = []
        for row in csv.DictReader(io.StringIO(text)):
            self._seen_until = max(self._seen_until, float(row["ended_at"]))
            if row["id"] not in self._ended:
                self._ended.add(row["id"])
                new.append({
                    "tenant": row["tenant_id"], "id": row["id"], "state": row["state"],
                    "ended": float(row["ended_at"]), "attempts": int(row["attempts"])})
        self._terminals.append(*new)

    # Ending

    def _settle(self) -> None:
        limit = self._given.quiet_limit
        try:
            if self._producer.terminate(limit + 30) != 0:
                self._faults.observe("some keys never got a definite answer")
        except ProcessError as error:
            self._faults.observe(str(error))
        end = time.monotonic() + limit
        while (owed := int(self._cluster.query(dump.OWED)[0]["count"])) and time.monotonic() < end:
            self._faults.look_after_daemons()
            time.sleep(0.5)
        if owed:
            self._faults.observe(f"{owed} deliveries are still owed after {limit:g} s")
        self._snapshot()
        for daemon in self._faults.daemons:
            self._faults.drain(daemon)

    def _dump(self) -> None:
        self._receiver.terminate(30)
        folder = self.evidence / "dump"
        folder.mkdir()
        for name in dump.TABLES:
            (folder / f"{name}.csv").write_text(self._cluster.text(dump.copy_statement(name)))

    def _say(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def judge(given: argparse.Namespace, evidence: Path) -> int:
    """Runs the ledger over a run's evidence and prints what it says; the exit status."""
    findings = ledger.judge(History(evidence), Limits(given.lease, given.max_gap))
    print(ledger.as_json(findings) if given.json else ledger.table(findings))
    if findings.violations:
        return 1
    if missing := ledger.unproven(findings, NEEDED):
        print(f"torture: nothing was looked at for {', '.join(missing)}", file=sys.stderr)
        return 2
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("minutes", type=float, nargs="?", help="how long to torture")
    length.add_argument("--cycles", type=int, help="how many faults")
    length.add_argument(
        "--short", action="store_true", help="each fault once, 60 to 90 seconds in all")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="chooses the faults")
    parser.add_argument("--keep", action="store_true", help="keep the files of a clean run too")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--rate", type=float, default=30, help="publishing calls a second")
    parser.add_argument("--lease", type=float, default=5, help="of an attempt, seconds")
    parser.add_argument(
        "--max-gap", type=float, help="most seconds from a kill to the next attempt")
    parser.add_argument(
        "--quiet-limit", type=float, default=120, help="most seconds until nothing is owed")
    parser.add_argument(
        "--integrationd", type=Path, default=HERE.parent / ".build/release/integrationd",
        help="the daemon under test")
    parser.add_argument("--settings", type=json.loads, help="its configuration file, as JSON")
    given = parser.parse_args()
    if given.short:
        given.cycles = 9
    if not given.integrationd.exists():
        parser.error(f"{given.integrationd} is not there: build it, or name it with --integrationd")
    given.integrationd = given.integrationd.resolve()
    return given


def main() -> int:
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    work = Path(tempfile.mkdtemp(prefix="integrationd-torture."))
    # PostgreSQL's user has to pass through; everything else in it is for its owner only.
    work.chmod(0o711)
    print(f"seed {given.seed}, files in {work}", file=sys.stderr)
    status = 2
    try:
        with contextlib.ExitStack() as stack:
            # Runs last: by then all has been stopped. A second Ctrl-C must not leave half of it.
            stack.callback(signal.signal, signal.SIGINT, signal.default_int_handler)
            run = Torture(given, work, stack)
            try:
                run.run()
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        status = judge(given, run.evidence)
    except (ProcessError, ClusterError, CallFailed, OSError, RuntimeError) as error:
        print(f"torture: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("torture: interrupted", file=sys.stderr)
        status = 130
    if status == 0 and not given.keep:
        shutil.rmtree(work)
    else:
        print(f"torture: files are kept in {work}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
