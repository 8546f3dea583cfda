#!/usr/bin/env python3
"""The wire next to the C floor and its peers, in turn, on this machine: a table of figures and ratios.

    run.py [SECONDS] [--rounds N] [--integrationd PATH] [--only NAME,...] [--json FILE]

Absolute figures move from machine to machine and from minute to minute; every server is asked in every
round, medians are shown, and ratios are what to remember. Peers whose programs are not there are
skipped by name.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / ".build/bench"
sys.path.insert(0, str(ROOT / "torture"))

from cluster import PORT, Cluster  # noqa: E402
from contract import Contract  # noqa: E402
from daemon import Daemon, make_keyring  # noqa: E402
from process import Process, ProcessError  # noqa: E402
from ttrpc import Client  # noqa: E402

SHAPES = ((1, 1), (1, 64), (16, 8), (1000, 1))
SIZES = (64, 1024)
FLOOR, OURS = "C floor", "integrationd"
#: Name -> the program that serves, seen from the build folder.
SERVERS = {
    FLOOR: "floor", OURS: "wire-bench serve", "ttrpc Go": "peer-ttrpc",
    "ttrpc Rust": "peer-rust",
    "gRPC C++": "peer-grpc serve"}
IDLE = 10_000
#: Where the tasks that call run, and what tells the client so.
LIBRARY = {"tasks anywhere": (), "tasks on its executor": ("executor",)}


def payload(size: int) -> bytes:
    """A ``google.protobuf.Any`` of so many bytes."""
    count = size - (2 if size < 130 else 3)
    length = bytes([count]) if count < 128 else bytes([count & 0x7F | 0x80, count >> 7])
    return b"\x12" + length + b"x" * count


def figures(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in (line.split() for line in text.splitlines())}


class Server(Process):
    """A server under measurement."""

    def __init__(self, name: str, command: str, work: Path) -> None:
        self.socket = work / "s.sock"
        program, *words = command.split()
        super().__init__(name, [BUILD / program, *words, self.socket], work / "log")

def cpu(pid: int) -> float:
    """Seconds of a process's processor time so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def ask(
    server: Server, shape: tuple[int, int], size: int, seconds: float, *more: str
) -> dict[str, float]:
    """One measurement."""
    connections, window = shape
    before = cpu(server.pid)
    if server.name.startswith("gRPC"):
        command = [BUILD / "peer-grpc", "load", server.socket, connections, window, seconds, size]
    else:
        request = BUILD / f"any-{size}"
        request.write_bytes(payload(size))
        command = [BUILD / "wire-load", server.socket, connections, window, seconds, "bench.Echo", "Echo",
                   request, "echo", *more]
    load = subprocess.Popen(
        [str(each) for each in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    most = 0.0
    end = time.monotonic() + seconds * 3 + 60
    while load.poll() is None:
        most = max(most, resident(server.pid))
        if time.monotonic() > end:
            load.kill()
            raise ProcessError(f"{server.name} does not answer")
        time.sleep(0.1)
    output, errors = load.communicate()
    if load.returncode != 0:
        raise ProcessError(f"{server.name}: {errors.strip()}")
    found = figures(output)
    # The processor's time has the warming up in it.
    found["cpu_us"] = (cpu(server.pid) - before) / (found["calls"] * 1.2) * 1e6
    found["mib"] = most
    return found


def peers(given: argparse.Namespace) -> dict:
    """Name -> shape and size -> the medians of all rounds."""
    names = [name for name, command in SERVERS.items()
             if (not given.only or name in given.only) and (BUILD / command.split()[0]).exists()]
    for name in SERVERS:
        if name not in names:
            print(f"skipped: {name}", file=sys.stderr)
    samples: dict = {name: {} for name in names}
    for number in range(given.rounds):
        for size in SIZES:
            for name in names:
                with tempfile.TemporaryDirectory(prefix="wire-bench.") as work:
                    server = Server(name, SERVERS[name], Path(work))
                    server.start()
                    try:
                        for shape in SHAPES:
                            samples[name].setdefault((shape, size), []).append(
                                ask(server, shape, size, given.seconds))
                    finally:
                        server.kill()
        print(f"round {number + 1} of {given.rounds}", file=sys.stderr)
    return {
        name: {key: {figure: statistics.median(each[figure] for each in taken)
                     for figure in taken[0]} for key, taken in found.items()}
        for name, found in samples.items()}


def short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.2f} M"
    return f"{value / 1e3:.0f} k" if value >= 1e4 else f"{value / 1e3:.1f} k"


def table(found: dict) -> str:
    """Calls/s, p50, p99, server CPU per call, resident memory; and calls/s as ratios."""
    lines = []
    for size in SIZES:
        lines += ["", f"{size} B: calls/s, p50 us, p99 us, server CPU us per call, MiB", "",
                  "| server | " + " | ".join(f"{a} x {b}" for a, b in SHAPES) + " |",
                  "|---" * (len(SHAPES) + 1) + "|"]
        for name, cells in found.items():
            row = [cells[shape, size] for shape in SHAPES]
            lines.append(f"| {name} | " + " | ".join(
                f"{short(each['per_second'])}, {each['p50_us']:.0f}, {each['p99_us']:.0f}, "
                f"{each['cpu_us']:.2f}, {each['mib']:.0f}" for each in row) + " |")
        if OURS not in found:
            continue
        lines.append("")
        for name in found:
            if name != OURS:
                ratios = [found[OURS][shape, size]["per_second"]
                          / found[name][shape, size]["per_second"] for shape in SHAPES]
                lines.append(f"| {OURS} / {name} | " + " | ".join(
                    f"{each:.2f}" for each in ratios) + " |")
        if FLOOR in found:
            for figure, words in (("p50_us", "p50"), ("cpu_us", "CPU per call")):
                ratios = [found[OURS][shape, size][figure] / found[FLOOR][shape, size][figure]
                          for shape in SHAPES]
                lines.append(f"| {words}, {OURS} / {FLOOR} | " + " | ".join(
                    f"{each:.2f}" for each in ratios) + " |")
    return "\n".join(lines)


def alone(given: argparse.Namespace) -> str:
    """What only our server is asked: many idle connections, and the client library."""
    if not (BUILD / "wire-bench").exists():
        return "\nskipped: idle connections and the client library (wire-bench is not built)"
    lines = []
    with tempfile.TemporaryDirectory(prefix="wire-bench.") as work:
        server = Server(OURS, SERVERS[OURS], Path(work))
        server.start()
        try:
            rates = {words: [] for words in LIBRARY}
            for _ in range(given.rounds):
                load = ask(server, (1, 64), 64, given.seconds)["per_second"]
                for words, option in LIBRARY.items():
                    done = subprocess.run(
                        [BUILD / "wire-bench", "call", server.socket, "64",
                         str(max(1, int(given.seconds))), *option],
                        capture_output=True, text=True, timeout=given.seconds * 3 + 60)
                    rate = figures(done.stdout)["per_second"]
                    rates[words].append((rate / load, rate))
            lines.append("")
            for words, found in rates.items():
                ratio, rate = sorted(found)[len(found) // 2]
                lines.append(f"The client library, 1 x 64, {words}: {short(rate)} calls/s, "
                             f"{ratio:.2f} of the load generator's")
        finally:
            server.kill()
    with tempfile.TemporaryDirectory(prefix="wire-bench.") as work:
        server = Server(OURS, SERVERS[OURS], Path(work))
        server.start()
        try:
            ask(server, (16, 8), 64, given.seconds)
            before = resident(server.pid)
            quiet, busy = [], []
            for _ in range(given.rounds):
                quiet.append(ask(server, (16, 8), 64, given.seconds))
                busy.append(ask(server, (16, 8), 64, given.seconds, f"idle={IDLE}"))
            each = (max(one["mib"] for one in busy) - before) * 1024 / IDLE
            p99 = [statistics.median(one["p99_us"] for one in runs) for runs in (quiet, busy)]
            lines.append(f"{IDLE} idle connections: {each:.1f} KiB each; p99 of 16 x 8 "
                         f"{p99[0]:.0f} us without them, {p99[1]:.0f} us beside them, "
                         f"{p99[1] / p99[0]:.2f} times")
        finally:
            server.kill()
    return "\n".join(lines)


#: Tenants and webhooks of each that reads are spread over: calls for one tenant share statements.
SPREADS = [(1, 1), (1, 100), (100, 5)]


def reads(given: argparse.Namespace) -> str:
    """Reads answered from PostgreSQL under row level security, next to pgbench."""
    if not given.integrationd.exists() or not (BUILD / "wire-load").exists():
        return "\nskipped: reads from PostgreSQL (integrationd is not built)"
    work = Path(tempfile.mkdtemp(prefix="wire-bench."))
    work.chmod(0o711)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, work)
        cluster = Cluster(work / "postgres")
        stack.callback(cluster.stop)
        cluster.start()
        make_keyring(given.integrationd, work / "keyring.json")
        config = work / "config.json"
        config.write_text("{}")
        daemon = Daemon("integrationd", given.integrationd, work / "d",
                        cluster.conninfo(cluster.sockets), work / "keyring.json", config)
        stack.callback(daemon.stop)
        daemon.start()
        contract = Contract()
        client = Client(str(daemon.socket), contract)
        stack.callback(client.close)
        request, _ = contract.method("integration.v1.WebhookService/GetWebhook")
        files = []
        for tenants, webhooks in SPREADS:
            requests = []
            for _ in range(tenants):
                tenant = client.call(
                    "integration.v1.TenantService/CreateTenant", display_name="bench",
                    idempotency_key=str(uuid.uuid4())).tenant.tenant_id
                for number in range(webhooks):
                    webhook = client.call(
                        "integration.v1.WebhookService/CreateWebhook", tenant_id=tenant,
                        webhook_name=f"bench {number}", webhook_url="https://example.com/",
                        subscribed_events=["*"], idempotency_key=str(uuid.uuid4())).webhook
                    requests.append(request(tenant_id=tenant, webhook_id=webhook.webhook_id))
            random.Random(1).shuffle(requests)
            file = work / f"requests-{tenants}-{webhooks}"
            file.write_bytes(b"".join(one.SerializeToString() for one in requests))
            files.append((file, len(requests[0].SerializeToString())))
        where = ("-h", cluster.sockets, "-p", str(PORT), "-U", "postgres", "postgres")
        cluster.run("pgbench", "-i", "-q", *where, limit=120)
        ours = [[] for _ in SPREADS]
        theirs = []
        for _ in range(given.rounds):
            for (file, size), rates in zip(files, ours):
                done = subprocess.run(
                    [BUILD / "wire-load", daemon.socket, "16", "8", str(given.seconds),
                     "integration.v1.WebhookService", "GetWebhook", file, f"each={size}"],
                    capture_output=True, text=True, timeout=given.seconds * 3 + 60)
                if done.returncode != 0:
                    raise ProcessError(f"GetWebhook: {done.stderr.strip()}")
                rates.append(figures(done.stdout)["per_second"])
            report = cluster.run(
                "pgbench", "-S", "-n", "-M", "prepared", "-c", "32", "-j", "2", "-T",
                str(max(1, int(given.seconds))), *where, limit=given.seconds * 3 + 60)
            theirs.append(next(float(line.split()[2]) for line in report.splitlines()
                               if line.startswith("tps")))
        other = statistics.median(theirs)
        lines = [
            "", "GetWebhook from PostgreSQL under row level security, 16 x 8, next to pgbench "
            f"select-only, prepared, 32 clients ({short(other)}/s):", "",
            "| tenants x webhooks of each | calls/s | ratio |", "|---|---|---|"]
        for (tenants, webhooks), rates in zip(SPREADS, ours):
            mine = statistics.median(rates)
            lines.append(f"| {tenants} x {webhooks} | {short(mine)} | {mine / other:.2f} |")
        return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("seconds", type=float, nargs="?", default=2, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="how often every server is asked")
    parser.add_argument("--integrationd", type=Path, default=ROOT / ".build/release/integrationd")
    parser.add_argument("--only", type=lambda text: text.split(","), help="servers, by name")
    given = parser.parse_args()
    # Sockets of 10,000 idle connections, on both sides.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"unary echo over a Unix socket, {os.cpu_count()} cores, medians of {given.rounds} rounds of "
          f"{given.seconds:g} s, {time.strftime('%Y-%m-%d')}")
    print(table(peers(given)), flush=True)
    print(alone(given), flush=True)
    print(reads(given), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
