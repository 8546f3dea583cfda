"""What a receiver can do to a sender: the menu, chosen by the path of the request.

A behaviour is a value, a script of steps, so that it can be read and tested without a socket.
The menu holds what plain HTTP allows; TLS and DNS faults need other stages.
"""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

#: No connection is kept busy longer than this, in seconds, whatever the sender does.
LONGEST = 120.0
#: Most bytes that an endless answer sends.
MOST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Send:
    """Writes bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Does nothing for some seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """Writes the same bytes again and again, with a pause in seconds, until a bound."""

    data: bytes
    pause: float
    times: int


@dataclass(frozen=True, slots=True)
class Reset:
    """Ends the connection with RST."""


@dataclass(frozen=True, slots=True)
class Close:
    """Ends the connection with FIN."""


Step = Send | Wait | Repeat | Reset | Close


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with one request."""

    #: The status the sender gets to see; 0: none.
    status: int
    steps: tuple[Step, ...]
    #: Whether the sender may take the answer for a whole one: ``yes``, ``no`` or ``either``.
    settles: str = "yes"
    #: Whether the body is read before the steps.
    reads_body: bool = True
    #: Seconds that ``Retry-After`` asks for, where it is a plain number.
    retry_after: float | None = None
    #: Nobody may ever come here: where redirects lead to.
    is_trap: bool = False


class NoSuchBehaviour(ValueError):
    """The path is not on the menu."""


def _reply(
    status: int, body: bytes = b"", headers: tuple[tuple[str, str], ...] = (), *,
    version: str = "1.1", length: int | None = None,
) -> bytes:
    """A response; ``length`` is what it claims, ``len(body)`` when not given."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unheard Of"
    lines = [f"HTTP/{version} {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if status not in (204, 304) and length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _answer(status: int, query: dict[str, str]) -> Plan:
    headers: list[tuple[str, str]] = []
    seconds = None
    if (after := query.get("retry-after")) is not None:
        headers.append(("Retry-After", after))
        seconds = float(after) if after.isdigit() else None
    if 300 <= status < 400:
        headers.append(("Location", query.get("to", "/trap")))
    body = b"" if status in (204, 304) else b"{}"
    return Plan(status, (Send(_reply(status, body, tuple(headers))),), retry_after=seconds)


def _chunked(status: int = 200) -> bytes:
    head = f"HTTP/1.1 {status} OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head.encode()


def _number(argument: str, default: int, low: int, high: int) -> int:
    if not argument:
        return default
    if not argument.isdigit() or not low <= int(argument) <= high:
        raise NoSuchBehaviour(f"{argument} is not a number from {low} to {high}")
    return int(argument)


@lru_cache(maxsize=8)
def _bomb(mebibytes: int) -> bytes:
    """Zeros, compressed about 1:1000."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    parts = [squeeze.compress(zeros) for _ in range(mebibytes)]
    return b"".join(parts) + squeeze.flush()


def _flaky(argument: str, query: dict[str, str]) -> Plan:
    percent = _number(argument, 50, 0, 100)
    return _answer(500 if random.random() * 100 < percent else 200, query)


def _slow(argument: str, query: dict[str, str]) -> Plan:
    wait = Wait(_number(argument, 1000, 0, 120_000) / 1000)
    return Plan(200, (wait, *_answer(200, query).steps))


def _informational(argument: str, query: dict[str, str]) -> Plan:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    flood = Repeat(interim, 0, _number(argument, 3, 1, 1_000_000))
    return Plan(200, (flood, *_answer(200, query).steps), "either")


def _redirect(argument: str, query: dict[str, str]) -> Plan:
    return _answer(_number(argument, 302, 300, 399), query)


_Maker = Callable[[str, dict[str, str]], Plan]

#: First word of the path -> what it does. What follows the word is its argument.
MENU: dict[str, _Maker] = {
    "ok": lambda _, q: _answer(200, q),
    "status": lambda a, q: _answer(_number(a, 200, 200, 999), q),
    "gone": lambda _, q: _answer(410, q),
    "429": lambda _, q: _answer(429, q),
    "flaky": _flaky,
    "slow": _slow,
    "redirect": _redirect,
    "trap": lambda _, q: Plan(200, (Send(_reply(200)),), is_trap=True),
    "reset": lambda *_: Plan(0, (Reset(),), "no"),
    "reset-after-head": lambda *_: Plan(
        200, (Send(_reply(200, length=100)), Wait(0.05), Reset()), "no"),
    "close": lambda *_: Plan(0, (Close(),), "no"),
    "half-body": lambda *_: Plan(
        200, (Send(_reply(200, b"x" * 500, length=1000)), Close()), "no"),
    "wrong-length": lambda *_: Plan(
        200, (Send(_reply(200, b"x" * 1000, length=500)), Close()), "either"),
    "endless": lambda *_: Plan(
        200, (Send(_chunked()), Repeat(b"4000\r\n" + bytes(0x4000) + b"\r\n", 0,
                                       MOST_BYTES // 0x4000)), "either"),
    "endless-head": lambda *_: Plan(
        200, (Send(b"HTTP/1.1 200 OK\r\n"), Repeat(b"X-More: " + b"y" * 1000 + b"\r\n", 0,
                                                   MOST_BYTES // 1000)), "no"),
    "drip": lambda *_: Plan(
        200, (Send(_reply(200, length=10_000)), Repeat(b"x", 1, 120)), "no"),
    "drip-head": lambda *_: Plan(
        200, (Send(b"HTTP/1.1 200 OK\r\nX-Slow: "), Repeat(b"x", 1, 120)), "no"),
    "accept-no-reply": lambda *_: Plan(0, (Wait(LONGEST), Close()), "no"),
    "accept-no-read": lambda *_: Plan(0, (Wait(LONGEST), Close()), "no", reads_body=False),
    "big-header": lambda a, _: Plan(
        200, (Send(_reply(200, headers=(
            ("X-Big", "x" * 1024 * _number(a, 64, 1, 4096)),))),), "either"),
    "bad-header": lambda *_: Plan(
        200, (Send(b"HTTP/1.1 200 OK\r\nX-\x00Bad\xff: \x01\x02\r\nno colon\r\n"
                   b"Content-Length: 0\r\n\r\n"), Close()), "either"),
    "garbage": lambda *_: Plan(0, (Send(b"SSH-2.0-OpenSSH_9.2\r\n"), Close()), "no"),
    "informational": _informational,
    "gzip": lambda *_: Plan(
        200, (Send(_reply(200, gzip.compress(b"{}"), (("Content-Encoding", "gzip"),))),)),
    "gzip-bomb": lambda a, _: Plan(
        200, (Send(_reply(200, _bomb(_number(a, 64, 1, 1024)),
                          (("Content-Encoding", "gzip"),))),), "either"),
    "big-body": lambda a, _: Plan(
        200, (Send(_reply(200, length=_number(a, 100, 1, 1024) << 20)),
              Repeat(bytes(1 << 16), 0, _number(a, 100, 1, 1024) << 4)), "either"),
    "http10": lambda *_: Plan(
        200, (Send(_reply(200, b"{}", version="1.0", length=-1)), Close())),
    # A sender that reuses the connection in this while loses its request.
    "close-after": lambda *_: Plan(200, (Send(_reply(200, b"{}")), Wait(0.02), Close())),
}


def plan(target: str) -> tuple[Plan, str]:
    """What a request target asks for, and the ``hook`` that its query names (else empty).

    :raises NoSuchBehaviour: the path is not on the menu.
    """
    parts = urlsplit(target)
    word, _, argument = parts.path.lstrip("/").partition("/")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    maker = MENU.get(word)
    if maker is None:
        raise NoSuchBehaviour(f"/{word} is not on the menu")
    return maker(unquote(argument), query), query.get("hook", "")
