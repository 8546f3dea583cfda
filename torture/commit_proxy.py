"""A proxy between a daemon and PostgreSQL that loses the reply to a commit.

Speaks the frontend/backend protocol 3.0 over Unix sockets just well enough to know which Sync ends
a batch that writes. Unarmed it only forwards. Armed, it lets the next such batch through to the
server and cuts the connection before its client can read that it was committed: the daemon must
then neither call it failed nor do it twice.
"""

from __future__ import annotations

import asyncio
import re
import struct
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

#: Statements that write. ``accept_events`` is how events are published.
WRITES = re.compile(rb"\b(insert|update|delete|accept_events)\b", re.IGNORECASE)
BEGINS = re.compile(rb"^\s*(begin|start\s+transaction)\b|;\s*begin\b", re.IGNORECASE)
COMMITS = re.compile(rb"\b(commit|end)\s*;?\s*$", re.IGNORECASE)
ROLLS_BACK = re.compile(rb"\brollback\s*;?\s*$", re.IGNORECASE)
#: Most bytes of a reply that are held back to see how it ends.
MAX_HELD = 4 << 20
STARTUP_REFUSALS = {80877103, 80877104}  # SSLRequest, GSSENCRequest


@dataclass(slots=True)
class _Arms:
    """How many more commits are to be lost, and how many were."""

    wanted: int = 0
    #: Cut when the commit was sent, and not only when it was done.
    early: bool = False
    cuts: int = 0


@dataclass(slots=True)
class _Session:
    """What is known of one connection."""

    statements: dict[bytes, bytes] = field(default_factory=dict)
    portals: dict[bytes, bytes] = field(default_factory=dict)
    #: Whether the batch that is being sent, or the transaction it is part of, writes.
    writes: bool = False
    in_transaction: bool = False
    #: For each batch that was sent and not answered: whether it commits what was written.
    sent: deque[bool] = field(default_factory=deque)


class CommitProxy:
    """Listens at one Unix socket and forwards to another, in a thread of its own."""

    def __init__(self, listen: Path, server: Path) -> None:
        """:param listen, server: paths of sockets, as in ``/run/x/.s.PGSQL.5432``."""
        self._server_path = str(server)
        self._lock = threading.Lock()
        self._arms = _Arms()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task] = set()
        started = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(str(listen), started), name="commit proxy", daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError("the proxy did not start")

    def arm(self, commits: int, early: bool = False) -> None:
        """Loses the replies of the next commits, each with its connection."""
        with self._lock:
            self._arms.wanted, self._arms.early = commits, early

    def disarm(self) -> None:
        with self._lock:
            self._arms.wanted = 0

    @property
    def cuts(self) -> int:
        """How many replies were lost so far."""
        with self._lock:
            return self._arms.cuts

    def close(self) -> None:
        """Ends every connection and the thread. Waits at most ten seconds."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    # On the thread

    def _run(self, path: str, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(path, started))
        self._loop.close()

    async def _serve(self, path: str, started: threading.Event) -> None:
        self._stop = asyncio.Event()
        listener = await asyncio.start_unix_server(self._accept, path)
        started.set()
        await self._stop.wait()
        listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        to_server = None
        try:
            server, to_server = await asyncio.open_unix_connection(self._server_path)
            session = _Session()
            await self._start(client, to_client, to_server)
            halves = [
                asyncio.ensure_future(self._to_server(session, client, to_server)),
                asyncio.ensure_future(self._to_client(session, server, to_client))]
            # Either side's end is the end of both.
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The server is away, or one side left: closing tells the other.
        finally:
            for writer in (to_client, to_server):
                if writer is not None:
                    writer.transport.abort()
            self._tasks.discard(task)

    @staticmethod
    async def _start(
        client: asyncio.StreamReader, to_client: asyncio.StreamWriter,
        to_server: asyncio.StreamWriter,
    ) -> None:
        """The first message has no type."""
        while True:
            head = await client.readexactly(8)
            length, code = struct.unpack(">II", head)
            if code in STARTUP_REFUSALS:
                to_client.write(b"N")
                continue
            to_server.write(head + await client.readexactly(length - 8))
            return

    async def _to_server(
        self, session: _Session, client: asyncio.StreamReader, to_server: asyncio.StreamWriter
    ) -> None:
        while True:
            head = await client.readexactly(5)
            body = await client.readexactly(struct.unpack(">I", head[1:])[0] - 4)
            ends_batch = _look(session, head[:1], body)
            to_server.write(head + body)
            if ends_batch or len(body) > 1 << 16:
                await to_server.drain()
            if ends_batch and session.sent[-1] and self._take(early=True):
                return

    async def _to_client(
        self, session: _Session, server: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        held = bytearray()
        has_failed = False
        while True:
            head = await server.readexactly(5)
            body = await server.readexactly(struct.unpack(">I", head[1:])[0] - 4)
            held += head + body
            has_failed |= head[:1] == b"E"
            if head[:1] == b"Z":
                commits = session.sent.popleft() if session.sent else False
                # No transaction is open and nothing failed: it is committed.
                if commits and body == b"I" and not has_failed and self._take(early=False):
                    return
                has_failed = False
            elif session.sent and session.sent[0] and self._is_armed and len(held) < MAX_HELD:
                continue
            to_client.write(bytes(held))
            held.clear()
            await to_client.drain()

    @property
    def _is_armed(self) -> bool:
        return self._arms.wanted > 0

    def _take(self, early: bool) -> bool:
        with self._lock:
            if self._arms.wanted < 1 or self._arms.early != early:
                return False
            self._arms.wanted -= 1
            self._arms.cuts += 1
            return True


def _look(session: _Session, kind: bytes, body: bytes) -> bool:
    """Takes note of a message of the client; whether it ends a batch."""
    match kind:
        case b"P":
            name, sql, *_ = body.split(b"\0", 2)
            session.statements[name] = sql
        case b"B":
            portal, name, *_ = body.split(b"\0", 2)
            session.portals[portal] = session.statements.get(name, b"")
        case b"E":
            _execute(session, session.portals.get(body.split(b"\0", 1)[0], b""))
        case b"Q":
            _execute(session, body.rstrip(b"\0"))
            return _end_batch(session)
        case b"S":
            return _end_batch(session)
    return False


def _execute(session: _Session, sql: bytes) -> None:
    session.writes |= bool(WRITES.search(sql))
    if BEGINS.search(sql):
        session.in_transaction = True
    if COMMITS.search(sql):
        session.in_transaction = False
    if ROLLS_BACK.search(sql):
        session.in_transaction = session.writes = False


def _end_batch(session: _Session) -> bool:
    session.sent.append(session.writes and not session.in_transaction)
    session.writes &= session.in_transaction
    return True
