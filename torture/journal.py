"""Append-only JSON lines that are on disk before anybody relies on them.

Everything the ledger is later checked against is written here first: what a producer is about to
ask for, what a receiver is about to acknowledge, which process is about to be killed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

Done = Callable[[], None]


def _run_each(done: list[Done]) -> None:
    for each in done:
        each()


class Journal:
    """A file of JSON objects, one a line, with group commit.

    Records of many callers share one ``fdatasync``: while one is on its way, the next batch
    gathers. One writer process a file.
    """

    def __init__(self, path: Path, notify: Callable[[list[Done]], None] = _run_each) -> None:
        """Opens ``path`` for appending.

        ``notify`` gets the callbacks of a whole batch at once, on the writer's thread: an event
        loop is then woken once a batch and not once a record.
        """
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._notify = notify
        self._arrived = threading.Condition()
        self._waiting: list[tuple[bytes, Done]] = []
        self._closing = False
        self._failure: OSError | None = None
        self.records = 0
        self.syncs = 0
        self._writer = threading.Thread(target=self._write, name=f"journal {path}", daemon=True)
        self._writer.start()

    def submit(self, record: dict, done: Done) -> None:
        """Appends a record; ``done`` is called when it is on disk."""
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        with self._arrived:
            if self._failure or self._closing:
                raise RuntimeError(f"the journal takes no records: {self._failure or 'closed'}")
            self._waiting.append((line, done))
            self._arrived.notify()

    def append(self, *records: dict) -> None:
        """Appends records and returns when all of them are on disk."""
        if not records:
            return
        durable = threading.Event()
        for record in records[:-1]:
            self.submit(record, lambda: None)
        self.submit(records[-1], durable.set)
        # A disk that takes longer than this has failed; going on would be a lie.
        if not durable.wait(60):
            raise RuntimeError(f"the journal did not reach the disk: {self._failure}")

    def close(self) -> None:
        """Writes what waits and closes. Waits at most a minute."""
        with self._arrived:
            self._closing = True
            self._arrived.notify()
        self._writer.join(60)

    def _write(self) -> None:
        while True:
            with self._arrived:
                while not self._waiting and not self._closing:
                    self._arrived.wait()
                batch, self._waiting = self._waiting, []
            if not batch:
                os.close(self._file)
                return
            try:
                self._write_fully(b"".join(line for line, _ in batch))
                os.fdatasync(self._file)
            except OSError as error:
                with self._arrived:
                    self._failure = error
                return
            self.records += len(batch)
            self.syncs += 1
            self._notify([done for _, done in batch])

    def _write_fully(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest):]


def read_journal(path: Path) -> Iterator[dict]:
    """The records of a file, oldest first.

    A last line without its end is what a killed writer leaves: nobody was told that it is on disk,
    so it is left out. Any other malformed line raises ``ValueError``.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from error


def read_journals(paths: Iterable[Path]) -> Iterator[dict]:
    """The records of several files, one file after the other."""
    for path in paths:
        yield from read_journal(path)
