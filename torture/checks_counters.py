"""The counters of webhooks equal a recount of the log."""

from __future__ import annotations

from collections import Counter, defaultdict

from findings import Findings
from history import History


def check(history: History, findings: Findings) -> None:
    """STATS."""
    log: dict[str, Counter[str]] = defaultdict(Counter)
    for row in history.attempts:
        log[row.webhook][row.status] += 1
    known = {each.webhook for each in history.counters}
    for webhook in log.keys() - known:
        findings.violated("STATS", f"webhook {webhook}", "has a log and no counters")
    for each in history.counters:
        findings.checked("STATS")
        rows = log[each.webhook]
        finished = rows["success"] + rows["failed"] + rows["pending_retry"]
        for name, stored, counted in (
            ("successful_deliveries", each.successful, rows["success"]),
            ("failed_deliveries", each.failed, rows["failed"]),
            ("total_deliveries", each.total, rows["success"] + rows["failed"]),
            ("total_attempts", each.attempts, finished),
        ):
            if stored != counted:
                findings.violated(
                    "STATS", f"webhook {each.webhook}", f"{name} {stored}, recounted {counted}")
