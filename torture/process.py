"""A process that somebody here started, and ends, by its own pid."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path


class ProcessError(RuntimeError):
    """A process did not do what it was told in time."""


class Process:
    """A program with a log, started any number of times, once at a time."""

    def __init__(self, name: str, command: list[str | Path], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._process: subprocess.Popen | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the last run, which must have begun."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """How the last run ended; None while it runs, and before the first."""
        return self._process.poll() if self._process else None

    def start(self, limit: float = 60) -> str:
        """Starts it and waits for its first line, which must begin with ``ready``; that line.

        :raises ProcessError: it ended, said something else, or was not ready in time.
        """
        environment = {
            name: value for name, value in os.environ.items()
            if not name.startswith(("INTEGRATIOND_", "PG"))}
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                env=environment | {"SWIFT_BACKTRACE": "enable=no"},
                # Ctrl-C is for the harness, which then ends each process in its own way.
                start_new_session=True)
        line = self._first_line(time.monotonic() + limit)
        if line is None:
            raise ProcessError(f"{self.name} was not ready in {limit:g} s")
        if not line.startswith("ready"):
            raise ProcessError(f"{self.name} is not ready: {line} {self._last_words()}")
        return line

    def _first_line(self, end: float) -> str | None:
        output = self._process.stdout.fileno()
        line = b""
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                return None
            part = os.read(output, 1)
            if not part:
                break
            line += part
        return line.decode(errors="replace").strip()

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; does nothing when it has ended, because the pid may be another's."""
        if self._process:
            self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and waits for its end."""
        self.signal(signal.SIGKILL)
        self.wait(10)

    def terminate(self, limit: float = 15) -> int:
        """SIGTERM; its exit status. :raises ProcessError: not in time; it was killed then."""
        self.signal(signal.SIGTERM)
        return self.wait(limit)

    def wait(self, limit: float) -> int:
        """Its exit status. :raises ProcessError: not in time; it was killed then."""
        if not self._process:
            return 0
        try:
            status = self._process.wait(limit)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
            raise ProcessError(f"{self.name} did not end in {limit:g} s") from None
        return status

    def stop(self) -> None:
        """Makes sure that it does not run. For the end of everything: raises nothing."""
        if self.is_running:
            self.signal(signal.SIGCONT)
            try:
                self.terminate()
            except ProcessError:
                pass  # Killed, which is what was wanted.
        if self._process and self._process.stdout:
            self._process.stdout.close()

    def _last_words(self) -> str:
        return self.log.read_bytes()[-600:].decode(errors="replace").strip()
