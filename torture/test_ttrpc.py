"""What a caller concludes from a failure is right, and many calls share a connection."""

import socket
import struct
import tempfile
import threading
import time
import unittest
from pathlib import Path

try:
    from contract import Contract
    import ttrpc
except ImportError:  # python3-protobuf is not installed
    Contract = None

HEALTH = "integration.v1.HealthService/GetHealth"


@unittest.skipUnless(Contract, "python3-protobuf is not installed")
class FakeServerTests(unittest.TestCase):
    """Against a server that does what the test says, a function of connection, stream, request."""

    @classmethod
    def setUpClass(cls):
        cls.contract = Contract()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = str(Path(self.folder.name, "s"))

    def serve(self, answer) -> "ttrpc.Client":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen()
        self.addCleanup(listener.close)

        def run():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=read, args=(connection,), daemon=True).start()

        def read(connection):
            stream = connection.makefile("rb")
            while head := stream.read(10):
                length, number, _, _ = struct.unpack(">IIBB", head)
                request = self.contract.message("ttrpc.Request").FromString(stream.read(length))
                answer(connection, number, request)

        threading.Thread(target=run, daemon=True).start()
        client = ttrpc.Client(self.path, self.contract)
        self.addCleanup(client.close)
        return client

    def reply(self, connection, stream, code=0, reason="", version="1"):
        response = self.contract.message("ttrpc.Response")()
        if code:
            response.status.code = code
            response.status.message = "no"
            if reason:
                info = self.contract.message("google.rpc.ErrorInfo")(reason=reason)
                detail = response.status.details.add()
                detail.type_url = "type.googleapis.com/google.rpc.ErrorInfo"
                detail.value = info.SerializeToString()
        else:
            response.payload = self.contract.message(
                "integration.v1.GetHealthResponse")(version=version).SerializeToString()
        data = response.SerializeToString()
        connection.sendall(struct.pack(">IIBB", len(data), stream, 2, 0) + data)

    def failure(self, client, timeout=5.0) -> "ttrpc.CallFailed":
        with self.assertRaises(ttrpc.CallFailed) as caught:
            client.call(HEALTH, timeout)
        return caught.exception

    def test_answer(self):
        seen = []

        def answer(connection, stream, request):
            seen.append((stream, request.service, request.method, request.timeout_nano))
            self.reply(connection, stream, version="7")
        client = self.serve(answer)
        self.assertEqual(client.call(HEALTH, 2).version, "7")
        client.call(HEALTH, 2)
        service, method = HEALTH.split("/")
        self.assertEqual(
            seen, [(1, service, method, 2_000_000_000), (3, service, method, 2_000_000_000)])

    def test_statuses_mean_what_they_say(self):
        meant = {
            (3, ""): "N", (4, ""): "U", (5, ""): "N", (6, ""): "N", (7, ""): "N", (8, ""): "N",
            (9, "IDEMPOTENCY_KEY_REUSED"): "N", (12, ""): "N", (1, ""): "U", (2, ""): "U",
            (10, ""): "U", (13, ""): "U", (14, ""): "N", (14, "OUTCOME_UNKNOWN"): "U",
            (14, "SHUTTING_DOWN"): "U", (15, ""): "U", (99, ""): "U",
        }
        wanted = iter(list(meant))
        client = self.serve(
            lambda connection, stream, _: self.reply(connection, stream, *next(wanted)))
        for (code, reason), said in meant.items():
            failure = self.failure(client)
            self.assertEqual(failure.reason, reason)
            self.assertEqual(ttrpc.outcome(failure), said, failure)

    def test_nobody_there_is_a_refusal(self):
        client = ttrpc.Client(self.path, self.contract)
        failure = self.failure(client)
        self.assertIsInstance(failure, ttrpc.NotSent)
        self.assertEqual(ttrpc.outcome(failure), "N")

    def test_lost_connection_is_unknown_and_the_next_call_connects_again(self):
        calls = []

        def answer(connection, stream, _):
            calls.append(stream)
            if len(calls) == 1:
                connection.shutdown(socket.SHUT_RDWR)
            else:
                self.reply(connection, stream)
        client = self.serve(answer)
        failure = self.failure(client)
        self.assertIsInstance(failure, ttrpc.ConnectionLost)
        self.assertEqual(ttrpc.outcome(failure), "U")
        client.call(HEALTH)
        self.assertEqual(calls, [1, 1])

    def test_silence_is_unknown_and_a_late_answer_is_dropped(self):
        late = []

        def answer(connection, stream, _):
            if stream == 1:
                late.append((connection, stream))
            else:
                self.reply(*late[0], version="late")
                self.reply(connection, stream, version="mine")
        client = self.serve(answer)
        begin = time.monotonic()
        failure = self.failure(client, 0.1)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertIsInstance(failure, ttrpc.NoAnswer)
        self.assertEqual(ttrpc.outcome(failure), "U")
        self.assertEqual(client.call(HEALTH).version, "mine")

    def test_garbage_is_unknown(self):
        client = self.serve(lambda connection, stream, _: connection.sendall(
            struct.pack(">IIBB", 3, stream, 2, 0) + b"\xff\xff\xff"))
        self.assertEqual(ttrpc.outcome(self.failure(client)), "U")

    def test_calls_in_flight_get_their_own_answers(self):
        waiting = []
        lock = threading.Lock()

        def answer(connection, stream, _):
            with lock:
                waiting.append((connection, stream))
                if len(waiting) < 20:
                    return
                for each, number in reversed(waiting):
                    self.reply(each, number, version=str(number))
        client = self.serve(answer)
        got = []

        def ask():
            got.append(int(client.call(HEALTH).version))
        threads = [threading.Thread(target=ask) for _ in range(20)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(20)
        self.assertEqual(sorted(got), list(range(1, 40, 2)))

    def test_retry_ends_with_success_a_refusal_or_the_limit(self):
        codes = iter([14, 14, 0, 14, 3])
        client = self.serve(
            lambda connection, stream, _: self.reply(connection, stream, next(codes)))
        ttrpc.retry(lambda: client.call(HEALTH), 5, 0.01)
        with self.assertRaises(ttrpc.Refused) as caught:
            ttrpc.retry(lambda: client.call(HEALTH), 5, 0.01)
        self.assertEqual(caught.exception.code, ttrpc.Code.INVALID_ARGUMENT)
        with self.assertRaises(ttrpc.NotSent):
            ttrpc.retry(lambda: ttrpc.Client(self.path + "x", self.contract).call(HEALTH), 0.1)


@unittest.skipUnless(Contract, "python3-protobuf is not installed")
class ContractTests(unittest.TestCase):
    def test_names(self):
        contract = Contract()
        request, response = contract.method("integration.v1.EventService/PublishEvent")
        self.assertEqual(request.DESCRIPTOR.full_name, "integration.v1.PublishEventRequest")
        self.assertEqual(response.DESCRIPTOR.full_name, "integration.v1.PublishEventResponse")
        self.assertEqual(contract.value("integration.v1.WEBHOOK_AUTH_TYPE_HMAC"), 4)
        with self.assertRaises(KeyError):
            contract.value("integration.v1.NOTHING")


if __name__ == "__main__":
    unittest.main()
