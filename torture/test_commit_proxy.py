"""The proxy forwards everything, and loses exactly the replies it is told to lose."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from cluster import DATABASE, PORT, Cluster, ClusterError
from commit_proxy import CommitProxy


class ProxyTests(unittest.TestCase):
    """Over a real PostgreSQL of its own, with psql as the client."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        root = Path(folder.name)
        root.chmod(0o711)
        try:
            cls.cluster = Cluster(root / "postgres")
        except ClusterError as error:
            raise unittest.SkipTest(str(error)) from error
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()
        cls.cluster.query("create table t (n int)")
        cls.sockets = root / "proxy"
        cls.sockets.mkdir()
        cls.proxy = CommitProxy(cls.sockets / f".s.PGSQL.{PORT}", cls.cluster.socket)
        cls.addClassCleanup(cls.proxy.close)

    def setUp(self):
        self.cluster.query("truncate t")
        self.addCleanup(self.proxy.disarm)
        self.before = self.proxy.cuts

    def ask(self, script: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", self.sockets, "-p", str(PORT),
             "-U", "postgres", "-d", DATABASE],
            input=script, capture_output=True, text=True, timeout=30)

    def rows(self) -> int:
        return int(self.cluster.query("select count(*) from t")[0]["count"])

    def test_unarmed_it_only_forwards(self):
        answer = self.ask(
            "begin; insert into t values (1); commit;\nselect length(repeat('x', 3000000));\n")
        self.assertIn("3000000", answer.stdout)
        self.assertEqual((answer.returncode, self.rows()), (0, 1))
        self.assertEqual(self.proxy.cuts, self.before)

    def test_commit_is_done_and_its_reply_lost(self):
        self.proxy.arm(1)
        answer = self.ask("insert into t values (1);\n")
        self.assertNotEqual(answer.returncode, 0)
        self.assertNotIn("INSERT", answer.stdout)
        self.assertEqual((self.rows(), self.proxy.cuts), (1, self.before + 1))

    def test_only_the_commit_of_a_transaction_is_lost(self):
        self.proxy.arm(1)
        answer = self.ask("begin;\ninsert into t values (1);\nselect 'here';\ncommit;\n")
        self.assertIn("here", answer.stdout)
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual((self.rows(), self.proxy.cuts), (1, self.before + 1))

    def test_early_cut_meets_the_commit_and_nothing_before_it(self):
        self.proxy.arm(1, early=True)
        answer = self.ask("begin;\ninsert into t values (1);\nselect 'here';\ncommit;\n")
        self.assertIn("here", answer.stdout)
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn(self.rows(), (0, 1))

    def test_what_commits_nothing_is_left_alone(self):
        self.proxy.arm(1)
        answer = self.ask("select 'here';\n")
        self.assertEqual((answer.returncode, answer.stdout), (0, "here\n"))
        self.ask("begin;\nselect 1;\ncommit;\nbegin;\ninsert into t values (1);\nrollback;\n")
        failed = self.ask("insert into t values ('x');\n")
        self.assertIn("invalid input syntax", failed.stderr)
        self.assertEqual(self.proxy.cuts, self.before)

    def test_so_many_as_were_asked_for(self):
        self.proxy.arm(2)
        said = [self.ask(f"insert into t values ({n});\n").returncode for n in range(3)]
        self.assertEqual([status != 0 for status in said], [True, True, False])
        self.assertEqual((self.rows(), self.proxy.cuts), (3, self.before + 2))

    def test_early_cut_leaves_all_or_nothing(self):
        self.proxy.arm(1, early=True)
        answer = self.ask("insert into t select generate_series(1, 1000);\n")
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual(self.proxy.cuts, self.before + 1)
        self.assertIn(self.rows(), (0, 1000))


if __name__ == "__main__":
    unittest.main()
