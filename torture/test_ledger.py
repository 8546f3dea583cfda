"""Checks the checker: a clean run passes, and every bug that is put into it is found and named."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import ledger
from checks_attempts import Limits
from findings import INVARIANTS, Findings
from history import History
from seeded_bugs import (
    BUGS, counter_off_by_one, daemon_died_by_itself, duplicate_without_a_fault,
    duplicates_beyond_the_bound, hash_changed_on_the_wire, key_twice, pending_left_behind,
    phantom_event, redirect_followed, refused_but_stored, row_after_the_request,
    signed_for_another_tenant, success_without_a_receiver, terminal_left, too_early,
    unknown_for_ever, zombie_send)
from synthetic import BEGIN, LEASE, Run

HERE = Path(__file__).parent


def judged(run: Run, limits: Limits = Limits(LEASE)) -> Findings:
    with tempfile.TemporaryDirectory() as folder:
        run.write(Path(folder, "run"))
        return ledger.judge(History(Path(folder, "run")), limits)


class CleanRun(unittest.TestCase):
    def test_nothing_is_found(self):
        self.assertEqual([str(each) for each in judged(Run()).violations], [])

    def test_every_invariant_was_looked_at(self):
        looked_at = judged(Run()).looked_at
        self.assertEqual([name for name in INVARIANTS if not looked_at[name]], [])

    def test_counts(self):
        counts = judged(Run()).counts
        for name, number in {
            "events acknowledged": 12, "events refused": 1, "events unknown": 0,
            "unknown outcomes resolved": 1, "deliveries": 24, "attempts": 40, "hits": 40,
            "duplicates": 4, "attempts lost on the way": 2, "attempts abandoned": 2,
            "fault kill": 1, "cycles": 1, "longest gap after kill, ms": 5100,
        }.items():
            self.assertEqual(counts[name], number, name)

    def test_torn_last_line_of_a_killed_writer_is_no_evidence(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "run")
            Run().write(folder)
            with open(folder / "producer.jsonl", "a") as file:
                file.write('{"kind": "intent", "key": "torn')
            self.assertEqual(ledger.judge(History(folder), Limits(LEASE)).violations, [])

    def test_disabled_webhook_may_leave_deliveries_pending(self):
        run = Run()
        hook = next(each for each in run.hooks if each["name"] == "b-ok")
        pending_left_behind(run)
        hook.update(may_disable=True, expect="any")
        next(each for each in run.webhooks if each["id"] == hook["webhook"])["is_active"] = "f"
        self.assertEqual([str(each) for each in judged(run).violations], [])

    def test_resumed_daemon_may_finish_a_send(self):
        run = Run()
        zombie_send(run)
        run.faults.append({"kind": "fault", "fault": "pause", "target": "a", "t": BEGIN + 3,
                           "until": BEGIN + 19.5})
        findings = judged(run)
        self.assertEqual([str(each) for each in findings.violations], [])
        self.assertEqual(findings.counts["late sends of a resumed daemon"], 1)

    def test_late_send_is_not_taken_for_its_successors(self):
        run = Run()
        early, late = run.hits("a", 0, "busy")
        # The first attempt's request comes last, from a daemon that had stood still.
        early.update(timestamp=str(int(BEGIN)), t=late["t"] + 0.01, retry_after=1.0)
        late.update(timestamp=str(int(BEGIN) + 1), retry_after=1.0)
        self.assertEqual(judged(run).of("DUE"), [])
        # The same order without a late one is what the check is for.
        late.update(timestamp=str(int(BEGIN) - 1))
        self.assertNotEqual(judged(run).of("DUE"), [])

    def test_gap_after_a_kill_has_a_limit_when_asked(self):
        self.assertEqual(judged(Run(), Limits(LEASE, LEASE + 2)).violations, [])
        (first, *_) = judged(Run(), Limits(LEASE, 1)).of("RUN")
        self.assertIn("after a kill", first.message)


class SeededBugs(unittest.TestCase):
    """Each bug is caught, and by the invariant that is meant to."""

    def test_each_is_caught(self):
        for invariant, bugs in BUGS.items():
            for bug in bugs:
                with self.subTest(invariant=invariant, bug=bug.__name__):
                    run = Run()
                    bug(run)
                    found = judged(run)
                    self.assertTrue(
                        found.of(invariant), f"found only {[str(v) for v in found.violations]}")

    def test_small_ones_are_caught_by_nothing_else(self):
        for invariant, bug in (
            ("I1", success_without_a_receiver), ("I1", pending_left_behind),
            ("I2", phantom_event), ("I2", refused_but_stored), ("I2", redirect_followed),
            ("I3", hash_changed_on_the_wire), ("I4", row_after_the_request),
            ("I5", duplicate_without_a_fault), ("I5", duplicates_beyond_the_bound),
            ("I6", signed_for_another_tenant), ("I7", terminal_left), ("I8", zombie_send),
            ("I9", key_twice), ("I9", unknown_for_ever), ("STATS", counter_off_by_one),
            ("DUE", too_early), ("RUN", daemon_died_by_itself),
        ):
            with self.subTest(bug=bug.__name__):
                run = Run()
                bug(run)
                self.assertEqual({each.invariant for each in judged(run).violations}, {invariant})

    def test_every_invariant_has_a_bug(self):
        self.assertEqual(set(BUGS), set(INVARIANTS))


class CommandLine(unittest.TestCase):
    def ask(self, run: Run | None, *options: str) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "run")
            if run:
                run.write(folder)
            return subprocess.run(
                [sys.executable, "-B", HERE / "ledger.py", folder, *options],
                capture_output=True, text=True, timeout=60)

    def test_statuses(self):
        spoiled = Run()
        key_twice(spoiled)
        self.assertEqual(self.ask(Run()).returncode, 0)
        self.assertEqual(self.ask(spoiled).returncode, 1)
        self.assertEqual(self.ask(None).returncode, 2)

    def test_nothing_looked_at_is_no_proof(self):
        run = Run()
        run.terminals = []
        self.assertEqual(self.ask(run).returncode, 0)
        answer = self.ask(run, "--need", "I1,I7")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("I7", answer.stderr)

    def test_json(self):
        spoiled = Run()
        key_twice(spoiled)
        said = json.loads(self.ask(spoiled, "--json").stdout)
        self.assertFalse(said["clean"])
        self.assertEqual(said["invariants"]["I9"]["violated"], 1)
        self.assertIn("I9", {each["invariant"] for each in said["violations"]})

    def test_table(self):
        printed = self.ask(Run()).stdout
        for name in INVARIANTS:
            self.assertIn(f"\n{name}", "\n" + printed)
        self.assertIn("cycles without a violation", printed)


if __name__ == "__main__":
    unittest.main()
