#!/usr/bin/env python3
"""The fault receiver: an HTTP/1.1 server that misbehaves on request and remembers everything.

The path chooses the behaviour (``behaviours.py``), the query names the webhook
(``/flaky/30?hook=NAME``). A request is in the ledger, on disk, before the first byte of its answer
leaves. Bounded in connections, header, body and time.

    receiver.py --ledger hits.jsonl --hooks hooks.jsonl [--port 0]

prints ``ready port=N``. ``GET /health`` answers with counters and is not in the ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import hashlib
import hmac
import json
import signal
import socket
import struct
import time
from pathlib import Path

import behaviours
from behaviours import Close, Plan, Repeat, Reset, Send, Wait
from hooks import HookRegister
from journal import Done, Journal
from signatures import second_opinion, verdict

MAX_HEAD = 64 << 10
MAX_BODY = 1 << 20
MAX_CONNECTIONS = 4096
#: Seconds without a request, or in the middle of one, after which a connection is closed.
IDLE = 60.0

Headers = dict[str, str]


class BadRequest(Exception):
    """Not HTTP as it is spoken here; holds the status of the answer."""


class Receiver:
    """What all connections share."""

    def __init__(self, journal: Journal, register: HookRegister, ask_twice: bool = False) -> None:
        self.journal = journal
        self.register = register
        self.connections: set[Connection] = set()
        self.refused = 0
        self._ask_twice = ask_twice

    def judge(self, hook_name: str, headers: Headers, body: bytes, now: float) -> dict:
        """What the ledger is to know about who signed a request."""
        hook = self.register.find(hook_name)
        if hook is None:
            return {"signature": "unknown-hook", "tenant": ""}
        said = {"tenant": hook.tenant}
        if hook.auth == "none":
            return said | {"signature": "none"}
        if hook.auth == "bearer":
            given = headers.get("authorization", "").encode("latin-1")
            right = hmac.compare_digest(given, f"Bearer {hook.token}".encode())
            return said | {"signature": "ok" if right else "bad"}
        found = verdict(self.register.keys(hook_name), headers, body, now)
        if self._ask_twice:
            opinion = second_opinion(hook.secrets[0], headers, body)
            if opinion is not None and opinion != (found == "ok"):
                found = f"disputed: {found}"
        if found == "bad":
            said["signed_by"] = self._signer(headers, body, now)
        return said | {"signature": found}

    def _signer(self, headers: Headers, body: bytes, now: float) -> str:
        """The other webhook whose secret made a signature that is bad here."""
        for name in self.register.hooks:
            if verdict(self.register.keys(name), headers, body, now) == "ok":
                return name
        return ""

    def health(self) -> bytes:
        """Counters, as a whole response."""
        body = json.dumps({
            "records": self.journal.records, "syncs": self.journal.syncs,
            "connections": len(self.connections), "refused": self.refused}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        return head % len(body) + body

    def close_idle(self, now: float) -> None:
        """Closes connections that have been silent for too long."""
        for connection in list(self.connections):
            if not connection.busy and now - connection.last_heard > IDLE:
                connection.end()


class Connection(asyncio.Protocol):
    """One connection: a request at a time, further ones wait in the buffer."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = bytearray()
        self._head: tuple[str, str, Headers] | None = None
        self._arrived = 0.0
        self._told_to_continue = False
        self._transport: asyncio.Transport
        self._task: asyncio.Task | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.busy = False
        self.last_heard = time.monotonic()

    # Transport events

    def connection_made(self, transport) -> None:
        self._transport = transport
        if len(self._receiver.connections) >= MAX_CONNECTIONS:
            self._receiver.refused += 1
            transport.abort()
            return
        self._receiver.connections.add(self)

    def connection_lost(self, _error) -> None:
        self._receiver.connections.discard(self)
        self._writable.set()
        if self._task:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self.last_heard = time.monotonic()
        self._buffer += data
        if self.busy:
            # Pipelining beyond a bound: let the sender's window close.
            if len(self._buffer) > MAX_HEAD:
                self._transport.pause_reading()
            return
        self._proceed()

    # Requests

    def _proceed(self) -> None:
        try:
            if self._head is None and not self._take_head():
                return
            method, target, headers = self._head
            if target == "/health":
                self._next()
                self._transport.write(self._receiver.health())
                return self._again()
            plan, hook = behaviours.plan(target)
            body = self._take_body(headers) if plan.reads_body else b""
            if body is None:
                return
        except behaviours.NoSuchBehaviour:
            return self._refuse(404)
        except BadRequest as error:
            return self._refuse(int(str(error)))
        self._record(method, target, headers, plan, hook, body)

    def _take_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest("431")
            return False
        if end > MAX_HEAD:
            raise BadRequest("431")
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[:end + 4]
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest("400")
        headers: Headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or name.strip() != name:
                raise BadRequest("400")
            headers[name.lower()] = value.strip()
        self._arrived = time.time()
        self._head = (words[0], words[1], headers)
        return True

    def _take_body(self, headers: Headers) -> bytes | None:
        """The whole body, or None while more of it is to come."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._take_chunks(headers)
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise BadRequest("400")
        if int(length) > MAX_BODY:
            raise BadRequest("413")
        if len(self._buffer) < int(length):
            self._tell_to_continue(headers)
            return None
        body = bytes(self._buffer[:int(length)])
        del self._buffer[:int(length)]
        return body

    def _take_chunks(self, headers: Headers) -> bytes | None:
        body, at = bytearray(), 0
        while (line := self._buffer.find(b"\r\n", at)) >= 0:
            try:
                size = int(self._buffer[at:line].split(b";")[0], 16)
            except ValueError:
                raise BadRequest("400") from None
            if size < 0 or len(body) + size > MAX_BODY:
                raise BadRequest("413")
            after = line + 2 + size + 2
            if len(self._buffer) < after:
                break
            body += self._buffer[line + 2:line + 2 + size]
            at = after
            if size == 0:
                del self._buffer[:at]
                return bytes(body)
        self._tell_to_continue(headers)
        return None

    def _tell_to_continue(self, headers: Headers) -> None:
        if not self._told_to_continue and headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._told_to_continue = True

    def _record(
        self, method: str, target: str, headers: Headers, plan: Plan, hook: str, body: bytes
    ) -> None:
        self.busy = True
        now = time.time()
        record = {
            "kind": "hit", "t": self._arrived, "read": now, "method": method, "target": target,
            "hook": hook, "webhook_id": headers.get("webhook-id", ""),
            "timestamp": headers.get("webhook-timestamp", ""), "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest() if plan.reads_body else None,
            "status": plan.status, "settles": plan.settles, "trap": plan.is_trap,
            "retry_after": plan.retry_after,
        }
        if plan.reads_body:
            record |= self._receiver.judge(hook, headers, body, now)
        else:
            self._transport.pause_reading()
            known = self._receiver.register.find(hook)
            record |= {"signature": "unread", "tenant": known.tenant if known else ""}
        closes = headers.get("connection", "").lower() == "close"
        self._receiver.journal.submit(record, functools.partial(self._durable, plan, closes))

    def _durable(self, plan: Plan, closes: bool) -> None:
        """The record is on disk: now the sender may hear of it."""
        if self._transport.is_closing():
            return
        if len(plan.steps) == 1 and isinstance(plan.steps[0], Send):
            self._transport.write(plan.steps[0].data)
            self._finish(closes)
        else:
            self._task = asyncio.ensure_future(self._perform(plan, closes))

    async def _perform(self, plan: Plan, closes: bool) -> None:
        try:
            async with asyncio.timeout(behaviours.LONGEST + 5):
                for step in plan.steps:
                    await self._step(step)
        except TimeoutError:
            self._transport.abort()
        self._task = None
        self._finish(closes)

    async def _step(self, step: behaviours.Step) -> None:
        match step:
            case Send(data):
                self._transport.write(data)
                await self._writable.wait()
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Repeat(data, pause, times):
                for _ in range(times):
                    if self._transport.is_closing():
                        return
                    self._transport.write(data)
                    await self._writable.wait()
                    await asyncio.sleep(pause)
            case Reset():
                # Lingering for no time at all turns close into RST.
                self._transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._transport.abort()
            case Close():
                self._transport.close()

    def _finish(self, closes: bool) -> None:
        if self._transport.is_closing():
            return
        if closes:
            return self._transport.close()
        self._next()
        self._transport.resume_reading()
        self._again()

    def _next(self) -> None:
        self.busy = False
        self._head = None
        self._told_to_continue = False

    def _again(self) -> None:
        if self._buffer:
            # Not by recursion: a thousand pipelined requests would be a thousand frames deep.
            asyncio.get_running_loop().call_soon(self._resume)

    def _resume(self) -> None:
        if not self.busy and not self._transport.is_closing():
            self._proceed()

    def _refuse(self, status: int) -> None:
        self._transport.write(
            b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        self._transport.close()

    def end(self) -> None:
        """Closes the connection now."""
        self._transport.abort()


async def serve(
    host: str, port: int, ledger: Path, hooks: Path | None, ask_twice: bool = False,
    ready=lambda port: print(f"ready port={port}", flush=True),
    stop: asyncio.Event | None = None,
) -> None:
    """Serves until ``stop`` is set, SIGTERM or SIGINT; then closes everything."""
    loop = asyncio.get_running_loop()
    stopping = stop or asyncio.Event()

    def run_all(done: list[Done]) -> None:
        for each in done:
            each()

    journal = Journal(ledger, notify=lambda done: loop.call_soon_threadsafe(run_all, done))
    receiver = Receiver(journal, HookRegister(hooks), ask_twice)
    if stop is None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
    server = await loop.create_server(lambda: Connection(receiver), host, port, backlog=1024)
    ready(server.sockets[0].getsockname()[1])
    while not stopping.is_set():
        try:
            await asyncio.wait_for(stopping.wait(), 5)
        except TimeoutError:
            receiver.close_idle(time.monotonic())
    server.close()
    for connection in list(receiver.connections):
        connection.end()
    await asyncio.sleep(0.05)
    journal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ledger", type=Path, required=True, help="file to append hits to")
    parser.add_argument("--hooks", type=Path, help="register of webhooks and their secrets")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any (default)")
    parser.add_argument(
        "--ask-twice", action="store_true",
        help="let the reference library check every signature too, where it is installed")
    given = parser.parse_args()
    asyncio.run(serve(given.host, given.port, given.ledger, given.hooks, given.ask_twice))


if __name__ == "__main__":
    main()
