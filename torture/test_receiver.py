"""The receiver does what its menu says, and has it on disk before it says so."""

import asyncio
import gzip
import hashlib
import http.client
import json
import queue
import socket
import tempfile
import threading
import time
import unittest
from pathlib import Path

import behaviours
import receiver
from hooks import Hook
from journal import Journal, read_journal
from signatures import secret_bytes, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Stage:
    """A receiver in a thread of this process, with two tenants' webhooks."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Path(self.folder.name, "hits.jsonl")
        self.hooks = Path(self.folder.name, "hooks.jsonl")
        self.register = Journal(self.hooks)
        self.register.append(
            Hook("mine", "t1", secrets=(SECRET,)).record(),
            Hook("theirs", "t2", secrets=(OTHER,)).record(),
            Hook("open", "t1", auth="none").record(),
            Hook("token", "t1", auth="bearer", token="abc").record())
        ports: queue.Queue[int] = queue.Queue()
        started: queue.Queue = queue.Queue()

        async def run() -> None:
            stop = asyncio.Event()
            started.put((asyncio.get_running_loop(), stop))
            await receiver.serve(
                "127.0.0.1", 0, self.ledger, self.hooks, ready=ports.put, stop=stop)

        self.thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
        self.thread.start()
        self.loop, self.stop = started.get(timeout=10)
        self.port = ports.get(timeout=10)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)
        self.register.close()
        self.folder.cleanup()

    def hits(self) -> list[dict]:
        return list(read_journal(self.ledger))

    def raw(self, data: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(data)
        return connection

    def signed(self, body: bytes, secret: str = SECRET, message: str = "m1") -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "webhook-id": message, "webhook-timestamp": timestamp,
            "webhook-signature": sign(secret_bytes(secret), message, timestamp, body)}


def read_all(connection: socket.socket, limit: int = 1 << 20) -> bytes:
    """What comes until the end, a reset, or the limit."""
    data = b""
    with connection:
        try:
            while len(data) < limit and (part := connection.recv(65536)):
                data += part
        except ConnectionResetError:
            data += b"<reset>"
    return data


class ReceiverTests(unittest.TestCase):
    def setUp(self):
        self.stage = Stage()
        self.addCleanup(self.stage.close)
        self.client = http.client.HTTPConnection("127.0.0.1", self.stage.port, timeout=10)
        self.addCleanup(self.client.close)

    def post(self, target: str, body: bytes = b"{}", headers: dict[str, str] | None = None):
        self.client.request("POST", target, body, headers or {})
        answer = self.client.getresponse()
        return answer, answer.read()

    def get_raw(self, path: str) -> bytes:
        request = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}"
        return read_all(self.stage.raw(request.encode()))

    def test_hit_is_in_the_ledger_when_the_answer_comes(self):
        body = b'{"n": 1}'
        answer, _ = self.post("/ok?hook=mine", body, self.stage.signed(body))
        (hit,) = self.stage.hits()
        self.assertEqual(answer.status, 200)
        self.assertEqual(hit["sha256"], hashlib.sha256(body).hexdigest())
        self.assertEqual(
            (hit["hook"], hit["tenant"], hit["webhook_id"], hit["signature"], hit["status"]),
            ("mine", "t1", "m1", "ok", 200))

    def test_signers_are_told_apart(self):
        body = b"{}"
        for target, headers, said, signer in (
            ("/ok?hook=mine", {}, "missing", None),
            ("/ok?hook=mine", self.stage.signed(body, OTHER), "bad", "theirs"),
            ("/ok?hook=nobody", self.stage.signed(body), "unknown-hook", None),
            ("/ok?hook=open", {}, "none", None),
            ("/ok?hook=token", {"Authorization": "Bearer abc"}, "ok", None),
            ("/ok?hook=token", {"Authorization": "Bearer abd"}, "bad", ""),
        ):
            self.post(target, body, headers)
            hit = self.stage.hits()[-1]
            self.assertEqual(hit["signature"], said, target)
            if signer:
                self.assertEqual(hit["signed_by"], signer)

    def test_webhook_that_is_registered_later_is_found(self):
        self.post("/ok?hook=late", b"{}", self.stage.signed(b"{}"))
        self.stage.register.append(Hook("late", "t3", secrets=(SECRET,)).record())
        self.post("/ok?hook=late", b"{}", self.stage.signed(b"{}"))
        self.assertEqual(
            [hit["signature"] for hit in self.stage.hits()], ["unknown-hook", "ok"])

    def test_connection_is_kept_alive(self):
        for _ in range(3):
            self.post("/ok?hook=mine")
            local = self.client.sock.getsockname()
        self.post("/status/204")
        self.assertEqual(self.client.sock.getsockname(), local)
        self.assertEqual(len(self.stage.hits()), 4)

    def test_pipelined_requests_are_answered_in_order(self):
        request = "POST /status/{} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n{}\r\n{{}}"
        data = "".join([request.format(s, "") for s in (201, 202)]
                       + [request.format(203, "Connection: close\r\n")])
        answer = read_all(self.stage.raw(data.encode()))
        self.assertEqual(
            [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]], [201, 202, 203])

    def test_statuses_and_headers(self):
        answer, _ = self.post("/status/503?retry-after=7")
        self.assertEqual((answer.status, answer.getheader("Retry-After")), (503, "7"))
        self.assertEqual(self.stage.hits()[-1]["retry_after"], 7.0)
        answer, _ = self.post("/429?retry-after=soon")
        self.assertEqual((answer.status, answer.getheader("Retry-After")), (429, "soon"))
        self.assertIsNone(self.stage.hits()[-1]["retry_after"])
        answer, _ = self.post("/redirect/307")
        self.assertEqual((answer.status, answer.getheader("Location")), (307, "/trap"))
        self.assertEqual(self.post("/gone")[0].status, 410)
        self.assertEqual(self.post("/status/600")[0].status, 600)

    def test_trap_is_marked(self):
        self.post("/trap")
        self.assertTrue(self.stage.hits()[-1]["trap"])

    def test_slow_is_slow(self):
        begin = time.monotonic()
        self.assertEqual(self.post("/slow/120")[0].status, 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.12)

    def test_flaky_fails_as_often_as_asked(self):
        self.assertEqual({self.post("/flaky/100")[0].status for _ in range(5)}, {500})
        self.assertEqual({self.post("/flaky/0")[0].status for _ in range(5)}, {200})

    def test_gzip(self):
        answer, body = self.post("/gzip")
        self.assertEqual(answer.getheader("Content-Encoding"), "gzip")
        self.assertEqual(gzip.decompress(body), b"{}")
        _, body = self.post("/gzip-bomb/4")
        self.assertEqual(len(gzip.decompress(body)), 4 << 20)
        self.assertLess(len(body), 8 << 10)

    def test_broken_answers(self):
        self.assertEqual(self.get_raw("/reset"), b"<reset>")
        self.assertTrue(self.get_raw("/reset-after-head").endswith(b"<reset>"))
        self.assertEqual(self.get_raw("/close"), b"")
        self.assertEqual(self.get_raw("/garbage"), b"SSH-2.0-OpenSSH_9.2\r\n")
        self.assertTrue(self.get_raw("/half-body").endswith(b"x" * 500))
        self.assertTrue(self.get_raw("/wrong-length").endswith(b"x" * 1000))
        self.assertIn(b"HTTP/1.0 200", self.get_raw("/http10"))
        self.assertTrue(self.get_raw("/close-after").endswith(b"{}"))
        self.assertEqual([hit["settles"] for hit in self.stage.hits()], [
            "no", "no", "no", "no", "no", "either", "yes", "yes"])

    def test_endless_answers_go_on_until_the_sender_leaves(self):
        for path in ("/endless", "/endless-head", "/big-body/2", "/big-header/256",
                     "/informational/100000"):
            request = f"POST {path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode()
            self.assertGreater(len(read_all(self.stage.raw(request), 200_000)), 199_999, path)
        self.assertEqual(self.post("/ok")[0].status, 200)

    def test_silent_answers(self):
        for path in ("/accept-no-reply", "/drip"):
            connection = self.stage.raw(
                f"POST {path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n".encode())
            connection.settimeout(0.3)
            got = b""
            with connection, self.assertRaises(TimeoutError):
                while True:
                    got += connection.recv(65536)
            self.assertLess(len(got), 200)

    def test_unread_body_has_no_hash(self):
        connection = self.stage.raw(
            b"POST /accept-no-read?hook=mine HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n")
        connection.settimeout(0.5)
        with connection, self.assertRaises(TimeoutError):
            for _ in range(2000):
                connection.send(bytes(65536))
        (hit,) = self.stage.hits()
        self.assertEqual((hit["sha256"], hit["signature"]), (None, "unread"))

    def test_chunked_body_and_continue(self):
        self.client.request("POST", "/ok", iter([b"ab", b"cd"]), encode_chunked=True,
                            headers={"Transfer-Encoding": "chunked"})
        self.client.getresponse().read()
        self.assertEqual(self.stage.hits()[0]["sha256"], hashlib.sha256(b"abcd").hexdigest())
        connection = self.stage.raw(
            b"POST /ok HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n"
            b"Connection: close\r\n\r\n")
        self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(b"{}")
        self.assertIn(b" 200 ", read_all(connection))

    def test_what_is_not_http_is_refused(self):
        for data, status in (
            (b"hello\r\n\r\n", b" 400 "),
            (b"POST /ok HTTP/1.1\r\n" + b"a: b\r\n" * 20_000, b" 431 "),
            (b"POST /ok HTTP/1.1\r\nContent-Length: x\r\n\r\n", b" 400 "),
            (b"POST /ok HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n", b" 413 "),
            (b"POST /ok HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b" 400 "),
            (b"POST /unheard HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b" 404 "),
        ):
            try:
                self.assertIn(status, read_all(self.stage.raw(data)))
            except ConnectionResetError:
                pass  # It closed while we were still sending: refused all the same.
        self.assertEqual(self.stage.hits(), [])

    def test_health_is_not_a_hit(self):
        self.post("/ok")
        self.client.request("GET", "/health")
        self.assertEqual(json.load(self.client.getresponse())["records"], 1)
        self.assertEqual(len(self.stage.hits()), 1)


class MenuTests(unittest.TestCase):
    def test_every_dish_can_be_ordered(self):
        for word in behaviours.MENU:
            plan, hook = behaviours.plan(f"/{word}?hook=h")
            self.assertEqual(hook, "h")
            self.assertTrue(plan.steps)
            self.assertIn(plan.settles, ("yes", "no", "either"))

    def test_arguments_have_bounds(self):
        for target in ("/status/99", "/status/1000", "/slow/-1", "/slow/999999", "/flaky/x",
                       "/nothing", "/"):
            with self.assertRaises(behaviours.NoSuchBehaviour):
                behaviours.plan(target)


class JournalTests(unittest.TestCase):
    def test_torn_last_line_is_left_out_and_others_are_errors(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "j.jsonl")
            journal = Journal(path)
            journal.append({"n": 1}, {"n": 2})
            journal.close()
            with open(path, "ab") as file:
                file.write(b'{"n": 3')
            self.assertEqual([each["n"] for each in read_journal(path)], [1, 2])
            with open(path, "ab") as file:
                file.write(b'}garbage\n{"n": 4}\n')
            with self.assertRaises(ValueError):
                list(read_journal(path))

    def test_many_writers_share_a_sync(self):
        with tempfile.TemporaryDirectory() as folder:
            journal = Journal(Path(folder, "j.jsonl"))
            done = threading.Semaphore(0)
            for number in range(2000):
                journal.submit({"n": number}, done.release)
            for _ in range(2000):
                self.assertTrue(done.acquire(timeout=10))
            journal.close()
            self.assertLess(journal.syncs, 1000)
            self.assertEqual(
                [each["n"] for each in read_journal(Path(folder, "j.jsonl"))],
                list(range(2000)))


if __name__ == "__main__":
    unittest.main()
