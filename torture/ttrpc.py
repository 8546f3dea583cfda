"""A small ttrpc client: unary calls, many in flight on one connection, from any thread.

The wire is ``proto/ttrpc/PROTOCOL.md``. What matters here is what a caller may conclude from a
failure, see :func:`outcome`.
"""

from __future__ import annotations

import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable
from enum import IntEnum

from google.protobuf.message import DecodeError, Message

from contract import Contract

REQUEST, RESPONSE = 1, 2
HEADER = struct.Struct(">IIBB")
#: Longest data of a frame, in bytes.
MAX_DATA = 4 << 20
#: Calls in flight on a connection: below the server's 64 open streams.
MAX_IN_FLIGHT = 48
#: Seconds after its deadline that an answer is still waited for: it says more than our own clock.
GRACE = 0.5
#: Seconds in which a server that takes nothing is given up.
SEND_LIMIT = 5


class Code(IntEnum):
    """The codes of gRPC."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class CallFailed(Exception):
    """A call that was not answered with OK. ``name`` is a word for it."""

    name = "FAILED"


class NotSent(CallFailed):
    """The server could not be reached: not a byte of the call has left."""

    name = "NOT_SENT"


class ConnectionLost(CallFailed):
    """The connection ended after the call had begun to leave."""

    name = "CONNECTION_LOST"


class NoAnswer(CallFailed):
    """There was no answer in time."""

    name = "NO_ANSWER"


class Refused(CallFailed):
    """The server answered with a status."""

    def __init__(self, code: int, message: str, reason: str) -> None:
        self.code = Code(code) if code in Code._value2member_map_ else Code.UNKNOWN
        #: Of ``google.rpc.ErrorInfo``; empty without one.
        self.reason = reason
        self.name = f"{self.code.name} {reason}".rstrip()
        super().__init__(f"{self.name}: {message}")


#: Codes that say for sure that nothing was done.
_DEFINITE = {
    Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.ALREADY_EXISTS, Code.PERMISSION_DENIED,
    Code.RESOURCE_EXHAUSTED, Code.FAILED_PRECONDITION, Code.OUT_OF_RANGE, Code.UNIMPLEMENTED,
    Code.UNAUTHENTICATED,
}


def outcome(failure: CallFailed) -> str:
    """``N``: it was not done. ``U``: it may have been done, ask again with the same key.

    UNAVAILABLE is a refusal unless it says otherwise; ``SHUTTING_DOWN`` is the reason both of calls
    that were not started and of calls that were cut short, so it is unknown.
    """
    match failure:
        case NotSent():
            return "N"
        case Refused(code=Code.UNAVAILABLE, reason="OUTCOME_UNKNOWN" | "SHUTTING_DOWN"):
            return "U"
        case Refused(code=code) if code in _DEFINITE or code == Code.UNAVAILABLE:
            return "N"
        case _:
            return "U"


def is_lasting(failure: CallFailed) -> bool:
    """Whether the same request will be refused whenever it is sent, and so was before."""
    return isinstance(failure, Refused) and failure.code in (
        _DEFINITE - {Code.RESOURCE_EXHAUSTED})


class _Slot:
    """Where a call waits for its answer."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.data: bytes | None = None


class _Connection:
    """A connection and the thread that reads it."""

    def __init__(self, path: str, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
            self._socket.settimeout(None)
            self._socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_LIMIT, 0))
        except OSError as error:
            self._socket.close()
            raise NotSent(str(error)) from error
        self._lock = threading.Lock()
        self._ids = itertools.count(1, 2)
        self._slots: dict[int, _Slot] = {}
        self.is_open = True
        threading.Thread(target=self._read, name=f"ttrpc {path}", daemon=True).start()

    def send(self, data: bytes) -> tuple[int, _Slot]:
        """Sends a Request. :raises NotSent, ConnectionLost:"""
        slot = _Slot()
        with self._lock:
            if not self.is_open:
                raise NotSent("the connection has ended")
            stream = next(self._ids)
            self._slots[stream] = slot
            try:
                self._socket.sendall(HEADER.pack(len(data), stream, REQUEST, 0) + data)
            except OSError as error:
                # Part of it may have left; what follows on this connection would not be frames.
                self._slots.pop(stream, None)
                self._end()
                raise ConnectionLost(str(error)) from error
        return stream, slot

    def forget(self, stream: int) -> None:
        """Gives up an answer; a late one is dropped."""
        with self._lock:
            self._slots.pop(stream, None)

    def close(self) -> None:
        with self._lock:
            self._end()

    def _end(self) -> None:
        self.is_open = False
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It had ended already.

    def _read(self) -> None:
        try:
            while header := self._exactly(HEADER.size):
                length, stream, kind, _ = HEADER.unpack(header)
                if length > MAX_DATA:
                    break
                data = self._exactly(length) if length else b""
                if data is None:
                    break
                if kind == RESPONSE:
                    with self._lock:
                        slot = self._slots.pop(stream, None)
                    if slot:
                        slot.data = data
                        slot.done.set()
        except OSError:
            pass  # The same as its end: every call in flight hears of it below.
        with self._lock:
            self._end()
            left, self._slots = self._slots, {}
            self._socket.close()
        for slot in left.values():
            slot.done.set()

    def _exactly(self, count: int) -> bytes | None:
        data = bytearray()
        while len(data) < count:
            part = self._socket.recv(min(count - len(data), 1 << 16))
            if not part:
                return None
            data += part
        return bytes(data)


class Client:
    """Calls one daemon; connects again after a loss, with the next call."""

    def __init__(self, path: str, contract: Contract, connect_timeout: float = 2.0) -> None:
        self._path = str(path)
        self._contract = contract
        self._connect_timeout = connect_timeout
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._places = threading.BoundedSemaphore(MAX_IN_FLIGHT)

    def call(self, method: str, timeout: float = 10.0, **fields) -> Message:
        """Calls a method (``integration.v1.EventService/PublishEvent``) with a request's fields.

        :param timeout: seconds, for the server and, with some grace, for us.
        :raises CallFailed: see :func:`outcome` for what it means.
        """
        request, _ = self._contract.method(method)
        return self.send(method, request(**fields), timeout)

    def send(self, method: str, request: Message, timeout: float = 10.0) -> Message:
        """Calls a method with a request. As :meth:`call`."""
        service, _, name = method.partition("/")
        _, response = self._contract.method(method)
        envelope = self._contract.message("ttrpc.Request")(
            service=service, method=name, payload=request.SerializeToString(),
            timeout_nano=int(timeout * 1e9))
        deadline = time.monotonic() + timeout + GRACE
        if not self._places.acquire(timeout=timeout):
            raise NotSent("too many calls are in flight")
        try:
            return self._decode(self._exchange(envelope.SerializeToString(), deadline), response)
        finally:
            self._places.release()

    def close(self) -> None:
        with self._lock:
            if self._connection:
                self._connection.close()
                self._connection = None

    def _exchange(self, data: bytes, deadline: float) -> bytes:
        connection = self._connected()
        stream, slot = connection.send(data)
        if not slot.done.wait(max(0.0, deadline - time.monotonic())):
            connection.forget(stream)
            raise NoAnswer("no answer in time")
        if slot.data is None:
            raise ConnectionLost("the connection ended before the answer came")
        return slot.data

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None or not self._connection.is_open:
                self._connection = _Connection(self._path, self._connect_timeout)
            return self._connection

    def _decode(self, data: bytes, response: type[Message]) -> Message:
        try:
            envelope = self._contract.message("ttrpc.Response").FromString(data)
            if envelope.status.code != Code.OK:
                raise self._refusal(envelope.status)
            return response.FromString(envelope.payload)
        except DecodeError as error:
            raise CallFailed(f"the answer cannot be read: {error}") from error

    def _refusal(self, status: Message) -> Refused:
        reason = ""
        for detail in status.details:
            if detail.type_url.endswith("/google.rpc.ErrorInfo"):
                reason = self._contract.message("google.rpc.ErrorInfo").FromString(
                    detail.value).reason
        return Refused(status.code, status.message, reason)


def retry(action: Callable[[], Message], limit: float, pause: float = 0.1) -> Message:
    """Repeats a call that may be repeated (a read, or one with an idempotency key) until it is
    answered with OK, a definite refusal, or the limit in seconds is over."""
    end = time.monotonic() + limit
    while True:
        try:
            return action()
        except CallFailed as failure:
            if is_lasting(failure) or time.monotonic() + pause > end:
                raise
            time.sleep(pause)
