#!/usr/bin/env python3
"""The ledger: checks what happened in a run against what was promised.

Shares no code with the engine: it knows the tables, the wire's words and nothing else.

    ledger.py FOLDER [--json] [--lease SECONDS] [--max-gap SECONDS] [--need I1,I2,...]

Exit status: 0 nothing is wrong; 1 an invariant is violated; 2 the evidence is missing, malformed or
too little to say anything about an invariant that ``--need`` names.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import checks_attempts
import checks_counters
import checks_events
from checks_attempts import Limits
from findings import INVARIANTS, Findings
from history import History

#: Most violations of an invariant that are printed; all of them are counted.
SHOWN = 10


def judge(history: History, limits: Limits = Limits()) -> Findings:
    """Runs every check."""
    findings = Findings()
    checks_events.check(history, findings)
    checks_attempts.check(history, findings, limits)
    checks_counters.check(history, findings)
    findings.checked("RUN", history.cycles)
    for text in history.observations:
        findings.violated("RUN", "the harness", f"saw: {text}")
    _count(history, findings)
    return findings


def _count(history: History, findings: Findings) -> None:
    verdicts = [each.verdict for each in history.publications.values()]
    findings.count("events acknowledged", verdicts.count("A"))
    findings.count("events refused", verdicts.count("N"))
    findings.count("events unknown", verdicts.count("U"))
    findings.count("deliveries", len(history.deliveries))
    for state in ("succeeded", "failed", "cancelled", "pending"):
        findings.count(
            f"deliveries {state}", sum(each.state == state for each in history.deliveries))
    findings.count("attempts", len(history.attempts))
    findings.count("hits", len(history.hits))
    findings.count("cycles", history.cycles)
    for fault in history.faults:
        findings.count(f"fault {fault.kind}", 1)


def table(findings: Findings) -> str:
    """For people."""
    lines = [f"{'':6} {'invariant':64} {'checked':>10} {'violated':>9}"]
    for name, words in INVARIANTS.items():
        looked, wrong = findings.looked_at[name], len(findings.of(name))
        lines.append(f"{name:6} {words:64} {looked or '-':>10} {wrong:>9}")
    lines.append("")
    lines += [f"{number:>12}  {name}" for name, number in sorted(findings.counts.items())]
    clean = findings.counts["cycles"] if not findings.violations else 0
    if clean:
        lines += ["", f"{clean} cycles without a violation: at 95 % confidence fewer than "
                  f"{min(1, 3 / clean):.2g} of all cycles have one."]
    for name in INVARIANTS:
        found = findings.of(name)
        lines += [f"VIOLATION {each}" for each in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"VIOLATION {name}: and {len(found) - SHOWN} more")
    return "\n".join(lines)


def as_json(findings: Findings) -> str:
    """For programs."""
    return json.dumps({
        "clean": not findings.violations,
        "invariants": {
            name: {"checked": findings.looked_at[name], "violated": len(findings.of(name))}
            for name in INVARIANTS},
        "counts": dict(sorted(findings.counts.items())),
        "violations": [
            {"invariant": each.invariant, "subject": each.subject, "message": each.message}
            for each in findings.violations],
    }, indent=2)


def unproven(findings: Findings, needed: list[str]) -> list[str]:
    """Invariants that are needed and about which nothing was looked at."""
    return [name for name in needed if not findings.looked_at[name]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="the evidence of a run")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lease", type=float, default=5.0, help="seconds (default 5)")
    parser.add_argument("--max-gap", type=float, help="seconds from a kill to the next attempt")
    parser.add_argument("--need", default="I1,I2,I3,I4", help="invariants that must be looked at")
    given = parser.parse_args()
    try:
        history = History(given.folder)
    except (OSError, ValueError, KeyError) as error:
        print(f"ledger: the evidence cannot be read: {error!r}", file=sys.stderr)
        return 2
    findings = judge(history, Limits(given.lease, given.max_gap))
    print(as_json(findings) if given.json else table(findings))
    if findings.violations:
        return 1
    if missing := unproven(findings, [name for name in given.need.split(",") if name]):
        print(f"ledger: nothing was looked at for {', '.join(missing)}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
