#!/usr/bin/env python3
"""The worst frames anyone can build, sent to a daemon: what each costs it in CPU and memory.

    worst.py [--integrationd PATH] [--show N] [--times N] [--check]

Every field of every unary method's request, down to messages in messages, is filled until the frame has
4 MiB, in each way that has ever been expensive for somebody: letters that make one character together,
many elements, many empty messages, many equal ones; and so are the fields of the envelope. Fields that
hold ids and such are filled in as well, so that a check of another field does not answer first.

Text is filled twice: as far as a frame goes, which the wire refuses, and as far as the wire goes. Beside a
field of such text every list is filled with small things, for checks that look at the one for each of the
others.

CPU is what all threads of the daemon used until the answer was read, the least of several times, so that
what else the machine does is not counted. Memory is the highest the daemon has had resident, less what it
had before the first frame. With --check it exits with 1 when a frame costs more than 20 ms or 32 MiB.

A tenant may give its types of events schemas of its own, and then a frame costs what the schemas ask for, up to
a budget of steps. Those are sent as well, for a table of their own: CPU, and the longest that calls of other
connections, on every loop of the daemon, waited while eight such frames came at once.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import struct
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "torture"))

from cluster import Cluster  # noqa: E402
from contract import Contract  # noqa: E402
from daemon import Daemon, make_keyring  # noqa: E402
from ttrpc import Client  # noqa: E402

MAX_DATA = 4 << 20
#: Goals: seconds and bytes.
MAX_CPU, MAX_MEMORY = 0.020, 32 << 20
#: Room for the envelope's own fields and for the tags and lengths around.
MARGIN = 512
#: The longest text that the wire lets through, and all of a request together.
MAX_TEXT, MAX_TEXT_IN_ALL = 64 << 10, 1 << 20
#: Small things in a list beside a long text.
CROWD = 1_000
#: The longest JSON that a field may hold.
MAX_DOCUMENT = 256 << 10
#: The most JSON in one call.
MAX_BATCH = 2 << 20
#: Deepest field that is filled; the request's own are at 1.
DEPTH = 3
SERVICES = ("TenantService", "ApiKeyService", "EventTypeService", "WebhookService", "EventService",
            "DeliveryService", "HealthService")
#: Texts that are long in a way that hurts some implementation.
TEXTS = {
    "letters": "a", "spaces": " ", "digits": "7", "dots": "a.", "brackets": "[", "quotes": '"',
    "accents": "e\u0301", "marks on one letter": "\u0301", "flags": "\U0001F1E6",
    "families": "\U0001F468\u200D", "hangul": "\uAC00\u11A8", "percents": "%41", "colons": "1:",
}

#: Schemas that ask for much.
SCHEMAS = {
    "everything in everything": '{"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}',
    "three rules for everything":
        '{"allOf": [{"type": ["array", "object", "number", "string"]}, {"not": {"type": "null"}}],'
        ' "items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}',
    "items that differ": '{"uniqueItems": true, "items": {"uniqueItems": true}}',
    "a pattern for names": '{"propertyNames": {"pattern": "^(a|b|[0-9])*$"}}',
    "a pattern for text": '{"pattern": "^(.{1,40})*$"}',
    "twenty alternatives": '{"items": {"anyOf": [%s, {}]}}' % ", ".join(['{"type": "null"}'] * 20),
}


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def filled(text: str, room: int) -> bytes:
    one = text.encode()
    return one * (room // len(one))


def elements(number: int, value: bytes, room: int, most: int) -> bytes:
    one = field(number, value)
    return one * min(most, room // len(one))


def is_repeated(one) -> bool:
    # `label` is gone in newer versions of the library, `is_repeated` missing in older ones.
    return one.is_repeated if hasattr(one, "is_repeated") else one.label == one.LABEL_REPEATED


def documents(size: int) -> Iterator[tuple[str, bytes]]:
    """JSON of at most so many bytes, each sort long in another way."""
    yield "empty lists", b"[" + filled("[],", size - 3) + b"0]"
    yield "deep lists", b"[%s0]" % filled("[" * 60 + "]" * 60 + ",", size - 3)
    yield "names", b"{%s}" % b",".join(b'"%d":0' % name for name in range(size // 14))
    yield "lists in lists", b"[" * 60 + filled("0,", size - 130) + b"0" + b"]" * 60
    yield "escapes", b'"' + filled("\\u00e9", size - 8) + b'"'
    yield "pairs of surrogates", b'"' + filled("\\ud83d\\ude00", size - 14) + b'"'
    yield "digits", filled("9", size)
    yield "numbers", b"[" + filled("1e308,", size - 8) + b"0]"


def values(one, room: int, tenant: str) -> Iterator[tuple[str, bytes]]:
    """Ways to fill a field: a name, and tag, length and value, once or many times."""
    number, repeated = one.number, is_repeated(one)
    if one.type in (one.TYPE_STRING, one.TYPE_BYTES):
        for name, text in TEXTS.items():
            yield name, field(number, filled(text, room))
            if one.type == one.TYPE_STRING:
                longest = field(number, filled(text, MAX_TEXT))
                yield f"64 KiB of {name}", longest
                if repeated:
                    yield f"15 times 64 KiB of {name}", longest * 15
        if one.type == one.TYPE_BYTES:
            yield "zeroes", field(number, bytes(room))
            for size in (room, MAX_DOCUMENT):
                for name, document in documents(size):
                    yield f"{size >> 10} KiB of JSON, {name}", field(number, document)
        if repeated:
            for whole in (room, MAX_TEXT_IN_ALL - 4096):
                yield f"4,096 of {whole >> 12} bytes", elements(
                    number, b"a" * (whole // 4096 - 8), room, 4096)
                yield f"4,096 distinct ones of {whole >> 12} bytes", b"".join(
                    field(number, (b"%d." % each * whole)[:whole // 4096 - 8]) for each in range(4096))
            yield "4,096 equal ones", elements(number, b"order.created", room, 4096)
            yield "4,096 empty ones", elements(number, b"", room, 4096)
            yield "many empty ones", elements(number, b"", room, room)
    elif one.type == one.TYPE_MESSAGE:
        if repeated:
            yield "4,096 empty ones", elements(number, b"", room, 4096)
            yield "many empty ones", elements(number, b"", room, room)
            for inner in one.message_type.fields:
                if inner.type == inner.TYPE_BYTES:
                    others = b"".join(
                        good(each, tenant) for each in one.message_type.fields
                        if each is not inner and not is_repeated(each))
                    for name, document in documents(MAX_DOCUMENT):
                        for most in (MAX_BATCH // MAX_DOCUMENT, 4096):
                            yield f"at most {most:,} with {inner.name} of {name}", elements(
                                number, others + field(inner.number, document), room, most)
                if inner.type in (inner.TYPE_STRING, inner.TYPE_BYTES):
                    for whole in (room, MAX_TEXT_IN_ALL - 4096):
                        yield f"4,096 with {inner.name} of {whole >> 12} bytes", elements(
                            number, field(inner.number, b"a" * (whole // 4096 - 16)), room, 4096)
                if inner.type == inner.TYPE_STRING:
                    for name, text in TEXTS.items():
                        yield f"15 with {inner.name} of 64 KiB of {name}", field(
                            number, field(inner.number, filled(text, MAX_TEXT))) * 15
        else:
            yield "twice", field(number, b"") * 2
            yield "unknown fields", field(number, b"\xfa\x3f\x00" * (room // 3))
    elif repeated:
        yield "4,096 packed", field(number, b"\x01" * 4096)
        yield "many packed", field(number, b"\x01" * room)
        yield "many not packed", (varint(number << 3) + b"\x01") * (room // 3)
    else:
        yield "many times", (varint(number << 3) + b"\x01") * (room // 3)


def crowds(fields: list) -> bytes:
    """Every list of these fields, full of small things."""
    out = b""
    for one in fields:
        if not is_repeated(one):
            continue
        if one.type == one.TYPE_STRING:
            out += field(one.number, b"x") * CROWD
        elif one.type == one.TYPE_MESSAGE:
            small = b"".join(
                field(inner.number, b"x") for inner in one.message_type.fields
                if inner.type == inner.TYPE_STRING and not is_repeated(inner))
            out += field(one.number, small) * CROWD
    return out


def good(one, tenant: str) -> bytes:
    """A value that a check of other fields lets pass, for the fields every call wants."""
    if one.type == one.TYPE_STRING:
        text = {
            "tenant_id": tenant, "idempotency_key": "k", "webhook_url": "https://example.com/",
            "event_type": "order.created"}.get(one.name)
        if text is None:
            text = str(uuid.uuid4()) if one.name.endswith("_id") else "name"
        return field(one.number, text.encode())
    return b""


def cases(request, tenant: str, depth: int = 1) -> Iterator[tuple[str, bytes]]:
    """Names of fields with what fills them, and the bytes of whole messages."""
    fields = list(request.fields)
    for one in fields:
        rest = b"".join(
            good(each, tenant) for each in fields
            if each is not one and not is_repeated(each) and each.containing_oneof is None)
        room = MAX_DATA - MARGIN - len(rest) - 16 * depth
        for name, bytes_ in values(one, room, tenant):
            yield f"{one.name}: {name}", rest + bytes_
        if one.type == one.TYPE_STRING and not is_repeated(one):
            crowd = crowds(fields)
            for name, text in TEXTS.items() if crowd else ():
                yield (f"{one.name}: 64 KiB of {name} beside {CROWD:,} small things in each list",
                       rest + field(one.number, filled(text, MAX_TEXT)) + crowd)
        mask = next((each for each in fields if each.type == each.TYPE_MESSAGE and
                     each.message_type.full_name == "google.protobuf.FieldMask"), None)
        if one.type == one.TYPE_MESSAGE and depth < DEPTH and not request.GetOptions().map_entry:
            for name, inner in cases(one.message_type, tenant, depth + 1):
                # An update looks at the fields that it is to change.
                path = name.partition(":")[0].partition(".")[0].encode()
                named = field(mask.number, field(1, path)) if mask not in (None, one) else b""
                yield f"{one.name}.{name}", rest + named + field(one.number, inner)


def envelopes(service: str, method: str) -> Iterator[tuple[str, bytes]]:
    """Whole data of Request frames whose envelope is the attack."""
    names = field(1, service.encode()) + field(2, method.encode())
    room = MAX_DATA - len(names) - 16
    yield "services without a name", names + field(1, b"") * (room // 2)
    yield "payloads without a byte", names + field(3, b"") * (room // 2)
    yield "a long service", field(1, filled("integration.v1.", room)) + field(2, method.encode())
    yield "a long method", field(1, service.encode()) + field(2, filled("Get", room))
    yield "empty metadata", names + field(5, b"") * (room // 2)
    yield "long metadata", names + field(5, field(1, b"k") + field(2, b"v" * (room - 32)))
    yield "metadata of empty keys", names + field(5, field(1, b"") * (room // 2 - 16))
    yield "unknown fields", names + b"\xfa\x3f\x00" * (room // 3)
    yield "timeouts", names + b"\x20\x01" * (room // 2)
    yield "nothing but tags", b"\x08" * MAX_DATA
    yield "zeroes", bytes(MAX_DATA)


class Target:
    """A daemon, and a connection to it."""

    def __init__(self, daemon: Daemon) -> None:
        self.pid = daemon.pid
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(str(daemon.socket))
        self.next = 1
        self.start = self.status("VmRSS")

    def cost(self, data: bytes) -> tuple[float, int, bytes]:
        """Seconds of CPU and bytes of memory that a frame takes, and the data of its answer."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        cpu = self.cpu()
        answer = self.call(data)
        return self.cpu() - cpu, self.status("VmHWM") - self.start, answer

    def call(self, data: bytes) -> bytes:
        """The data of the answer to a frame."""
        self.send(data)
        return self.receive(self.receive_header())

    def send(self, data: bytes) -> None:
        self.socket.sendall(struct.pack(">IIBB", len(data), self.next, 1, 0) + data)
        self.next += 2

    def receive_header(self) -> int:
        return struct.unpack(">IIBB", self.receive(10))[0]

    def receive(self, count: int) -> bytes:
        out = bytearray()
        while len(out) < count:
            got = self.socket.recv(count - len(out))
            if not got:
                raise ConnectionError("the daemon ended the connection")
            out += got
        return bytes(out)

    def cpu(self) -> float:
        """Seconds, to the nanosecond."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def status(self, word: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text()
        return next(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith(word))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--integrationd", type=Path, default=ROOT / ".build/release/integrationd")
    parser.add_argument("--show", type=int, default=10, help="how many of the worst are shown")
    parser.add_argument("--times", type=int, default=3, help="how often those are sent again")
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed")
    given = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="worst-frame."))
    work.chmod(0o711)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, work)
        cluster = Cluster(work / "postgres")
        stack.callback(cluster.stop)
        cluster.start()
        make_keyring(given.integrationd, work / "keyring.json")
        (work / "config.json").write_text("{}")
        daemon = Daemon("worst", given.integrationd, work / "d", cluster.conninfo(cluster.sockets),
                        work / "keyring.json", work / "config.json")
        stack.callback(daemon.stop)
        daemon.start()
        contract = Contract()
        code = measure(given, Target(daemon), contract)
        measure_schemas(daemon, contract)
        return code


def every(contract: Contract) -> Iterator[tuple[str, bytes]]:
    """Every case: its name, and the data of its frame."""
    tenant = str(uuid.uuid4())
    for name in SERVICES:
        service = f"integration.v1.{name}"
        for method in contract.unary_methods(service):
            request, _ = contract.method(f"{service}/{method}")
            names = field(1, service.encode()) + field(2, method.encode())
            for case, payload in cases(request.DESCRIPTOR, tenant):
                data = names + field(3, payload)
                if len(data) > MAX_DATA:
                    raise AssertionError(f"{method} {case} has {len(data)} bytes")
                yield f"{method} {case}", data
    for case, data in envelopes("integration.v1.TenantService", "GetTenant"):
        yield f"envelope: {case}", data


def measure(given: argparse.Namespace, target: Target, contract: Contract) -> int:
    """Sends every case once, and the worst ones again; a table of those."""
    found: list[tuple[float, int, str, bytes]] = []
    count = most = 0
    for name, data in every(contract):
        count += 1
        cpu, memory, _ = target.cost(data)
        most = max(most, memory)
        found.append((cpu, memory, name, data))
        found = sorted(found, key=lambda one: -one[0])[:given.show]
    rows = sorted(
        ((min([cpu] + [target.cost(data)[0] for _ in range(given.times)]), name)
         for cpu, _, name, data in found), reverse=True)
    print(f"\nOf {count} frames of up to 4 MiB these cost most CPU (goal: {MAX_CPU * 1e3:.0f} ms). The daemon "
          f"never had more than {most / (1 << 20):.1f} MiB above what it began with (goal: "
          f"{MAX_MEMORY >> 20}).\n\n| frame | ms |\n|---|---|")
    for cpu, name in rows:
        print(f"| {name} | {cpu * 1e3:.1f} |")
    return given.check and (rows[0][0] > MAX_CPU or most > MAX_MEMORY)


class Neighbour:
    """Somebody else's calls, on so many connections that every loop has some; the longest wait for one."""

    def __init__(self, daemon: Daemon, contract: Contract) -> None:
        self.targets = [Target(daemon) for _ in range(8)]
        request, _ = contract.method("integration.v1.TenantService/GetTenant")
        # Refused before anything is asked of PostgreSQL.
        payload = request(tenant_id="none").SerializeToString()
        self.data = (field(1, b"integration.v1.TenantService") + field(2, b"GetTenant") + field(3, payload))
        self.longest = 0.0
        self.is_over = False
        self.failure: Exception | None = None
        self.thread = threading.Thread(target=self.run)

    def __enter__(self) -> Neighbour:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over = True
        self.thread.join()
        if self.failure:
            raise self.failure

    def run(self) -> None:
        try:
            while not self.is_over:
                for target in self.targets:
                    begin = time.monotonic()
                    target.call(self.data)
                    self.longest = max(self.longest, time.monotonic() - begin)
        except (OSError, ConnectionError) as error:
            self.failure = error


def measure_schemas(daemon: Daemon, contract: Contract) -> None:
    """Sends the worst payloads of a tenant with demanding schemas; a table of the worst."""
    client, target = Client(str(daemon.socket), contract), Target(daemon)
    tenant = client.call("integration.v1.TenantService/CreateTenant", display_name="worst",
                         idempotency_key=str(uuid.uuid4())).tenant.tenant_id
    batch, _ = contract.method("integration.v1.EventService/PublishEvents")
    names = field(1, b"integration.v1.EventService") + field(2, b"PublishEvents")
    crowd = [Target(daemon) for _ in range(8)]
    most_memory = 0
    rows = []
    for number, (schema_name, schema) in enumerate(SCHEMAS.items()):
        client.call("integration.v1.EventTypeService/CreateEventType", tenant_id=tenant,
                    event_type=f"worst.n{number}", schema=schema.encode(), idempotency_key=str(uuid.uuid4()))
        for size, most in ((MAX_DOCUMENT, MAX_BATCH // MAX_DOCUMENT), (1 << 10, 1_000)):
            for name, document in documents(size):
                request = batch(tenant_id=tenant)
                for _ in range(most):
                    request.events.add(event_type=f"worst.n{number}", event_data=document)
                data = names + field(3, request.SerializeToString())
                target.cost(data)
                with Neighbour(daemon, contract) as neighbour:
                    for each in crowd:
                        each.send(data)
                    for each in crowd:
                        each.receive(each.receive_header())
                costs = [target.cost(data) for _ in range(2)]
                most_memory = max(most_memory, *(memory for _, memory, _ in costs))
                rows.append((min(cpu for cpu, _, _ in costs), neighbour.longest,
                             f"{schema_name}: {most:,} of {name}"))
    rows.sort(reverse=True)
    print(f"\nOf {len(rows)} frames of a tenant with demanding schemas these cost most CPU. Beside eight of a "
          f"kind at once others waited at most {max(row[1] for row in rows) * 1e3:.1f} ms. Memory was at most "
          f"{most_memory / (1 << 20):.1f} MiB above what it began with.\n\n"
          "| schema and payloads | ms | others waited, ms |\n|---|---|---|")
    for cpu, waited, name in rows[:6]:
        print(f"| {name} | {cpu * 1e3:.1f} | {waited * 1e3:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
