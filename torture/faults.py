"""What is done to daemons and their database while they work, and when it was done."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from signal import SIGCONT, SIGKILL, SIGSTOP

from cluster import Cluster, ClusterError
from commit_proxy import CommitProxy
from daemon import Daemon
from journal import Journal
from process import ProcessError

#: Seconds that a daemon may take from its start until it is ready, and from SIGTERM to its end.
READY_LIMIT, DRAIN_LIMIT = 60, 15
#: Seconds that are waited for a commit to be lost.
CUT_LIMIT = 5


@dataclass(slots=True)
class Faults:
    """Inflicts faults, one at a time; each is in the journal with its begin and its end."""

    daemons: list[Daemon]
    #: One for each daemon, in the same order.
    proxies: list[CommitProxy]
    cluster: Cluster
    journal: Journal
    dice: random.Random
    #: Seconds after which another daemon may take over an attempt.
    lease: float

    def deck(self) -> list[str]:
        """Every kind once, in random order."""
        kinds = list(self._kinds)
        self.dice.shuffle(kinds)
        return kinds

    def inflict(self, kind: str) -> None:
        """Does it and waits until what it broke is whole again. Every wait is bounded."""
        self.look_after_daemons()
        begin = time.time()
        self.journal.append({"kind": "begin", "t": begin, "fault": kind})
        word, target = self._kinds[kind]()
        if target:
            self.journal.append({
                "kind": "fault", "fault": word, "target": target, "t": begin,
                "until": time.time()})

    def look_after_daemons(self) -> None:
        """Starts daemons again that ended by themselves, which they must not."""
        for daemon in self.daemons:
            if not daemon.is_running:
                self.observe(f"{daemon.name} ended by itself with status {daemon.status}")
                self._start(daemon)

    def observe(self, text: str) -> None:
        """Writes down what went wrong; the ledger counts it as a violation."""
        self.journal.append({"kind": "observation", "t": time.time(), "text": text})

    def drain(self, daemon: Daemon) -> None:
        """SIGTERM: must end in time and with status 0."""
        try:
            status = daemon.terminate(DRAIN_LIMIT)
        except ProcessError as error:
            return self.observe(f"after SIGTERM {error}")
        if status != 0:
            self.observe(f"{daemon.name} ended with status {status} after SIGTERM")

    @property
    def _kinds(self) -> dict[str, Callable[[], tuple[str, str]]]:
        return {
            "kill": self._kill,
            "kill both": self._kill_both,
            "pause": self._pause,
            "terminate": self._terminate,
            "postgres fast": lambda: self._restart_postgres("fast"),
            "postgres immediate": lambda: self._restart_postgres("immediate"),
            "backend": self._kill_backend,
            "lost commit": lambda: self._lose_commits(early=False),
            "cut commit": lambda: self._lose_commits(early=True),
        }

    def _start(self, daemon: Daemon) -> None:
        try:
            daemon.start(READY_LIMIT)
        except ProcessError as error:
            self.observe(str(error))
            daemon.stop()

    def _rest(self, low: float, high: float) -> None:
        time.sleep(self.dice.uniform(low, high))

    def _kill(self) -> tuple[str, str]:
        daemon = self.dice.choice(self.daemons)
        daemon.signal(SIGKILL)
        daemon.wait(10)
        self._rest(0, 0.5)
        self._start(daemon)
        return "kill", daemon.name

    def _kill_both(self) -> tuple[str, str]:
        for daemon in self.daemons:
            daemon.signal(SIGKILL)
        for daemon in self.daemons:
            daemon.wait(10)
        self._rest(0, 0.5)
        for daemon in self.daemons:
            self._start(daemon)
        return "kill", "both"

    def _pause(self) -> tuple[str, str]:
        daemon = self.dice.choice(self.daemons)
        daemon.signal(SIGSTOP)
        try:
            time.sleep(self.lease)
            self._rest(0.5, 2)
        finally:
            daemon.signal(SIGCONT)
        return "pause", daemon.name

    def _terminate(self) -> tuple[str, str]:
        daemon = self.dice.choice(self.daemons)
        self.drain(daemon)
        self._start(daemon)
        return "terminate", daemon.name

    def _restart_postgres(self, mode: str) -> tuple[str, str]:
        self.cluster.restart(mode)
        return f"postgres {mode}", "postgres"

    def _kill_backend(self) -> tuple[str, str]:
        pid = self.cluster.kill_backend(self.dice.choice)
        if pid is None:
            return "backend", ""
        # Until the others are ended and the server has recovered.
        end = time.monotonic() + 60
        while True:
            try:
                self.cluster.query("select 1")
                return "backend", f"backend {pid}"
            except ClusterError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _lose_commits(self, early: bool) -> tuple[str, str]:
        index = self.dice.randrange(len(self.proxies))
        proxy, before = self.proxies[index], self.proxies[index].cuts
        wanted = self.dice.randint(1, 3)
        proxy.arm(wanted, early)
        end = time.monotonic() + CUT_LIMIT
        while proxy.cuts < before + wanted and time.monotonic() < end:
            time.sleep(0.01)
        proxy.disarm()
        cut = proxy.cuts - before
        return "lost commit", f"{self.daemons[index].name}, {cut} commits" if cut else ""
