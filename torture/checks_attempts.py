"""The invariants of attempts: each is on record first, repeated only for a reason, and never after
the end."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from findings import Findings
from history import Attempt, Delivery, Fault, History, Hit

#: Values of AttemptCause (integration.v1) after which the request may have reached the receiver.
TIMEOUT, CONNECTION_LOST, INVALID_RESPONSE = 6, 7, 8
#: Those that a fault of the daemon's own, or its death, explains.
OWN_FAULT, ABANDONED = 9, 10
#: Both clocks are this host's; so much may pass between the row's time and the request, in seconds.
SLACK = 0.005
#: The log's next_retry_at and the queue's due_at may come from two looks at the clock, in seconds.
TWO_LOOKS = 0.1
#: So long after a fault a daemon may still stumble over connections that it broke, in seconds.
AFTERMATH = 2.0
#: A request that a paused daemon had begun may leave when it is resumed, within these seconds.
AFTER_PAUSE = 2.0
#: A request may lie so long, in seconds, between the sender's socket and the receiver's clock.
ON_THE_WAY = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run is measured against."""

    #: Seconds after a fault within which its victims are found: the lease of an attempt.
    lease: float = 5.0
    #: Most seconds from a kill to the next attempt of what it left behind. None: only reported.
    max_gap: float | None = None


def check(history: History, findings: Findings, limits: Limits) -> None:
    """I4, I5, I7, I8, DUE, LOG, and the gap after a kill."""
    windows = Windows(history.faults, limits.lease)
    for pair, hits in history.hits_by_pair.items():
        rows = history.attempts_by_pair.get(pair, [])
        _recorded_first(findings, pair, hits, rows)
        _explained(findings, pair, hits, rows, windows)
    _bounded(history, findings)
    for pair, rows in history.attempts_by_pair.items():
        hits = history.hits_by_pair.get(pair, [])
        _nothing_after_success(findings, pair, hits, rows, history.faults)
        _not_before_due(findings, pair, hits, rows)
    for delivery in history.deliveries:
        _log_agrees(history, findings, delivery)
    for tenant, delivery in history.attempts_by_delivery.keys() - history.delivery_by_id.keys():
        findings.violated("LOG", f"delivery {delivery}", f"of {tenant} is gone, its log is not")
    _terminal_stays(history, findings)
    _gaps(history, findings, limits)


class Windows:
    """When something was broken: the faults' times, each with the lease after it, merged."""

    def __init__(self, faults: Sequence[Fault], lease: float) -> None:
        self._begins: list[float] = []
        self._ends: list[float] = []
        for fault in sorted(faults, key=lambda each: each.at):
            if self._ends and fault.at <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], fault.until + lease)
            else:
                self._begins.append(fault.at)
                self._ends.append(fault.until + lease)

    def touch(self, begin: float, end: float) -> bool:
        """Whether anything was broken between two moments."""
        index = bisect_left(self._ends, begin)
        return index < len(self._ends) and self._begins[index] <= end


# I4 -------------------------------------------------------------------------------------------


def _recorded_first(
    findings: Findings, pair: tuple[str, str], hits: Sequence[Hit], rows: Sequence[Attempt]
) -> None:
    """The n-th request of a pair needs n rows that are older. Requests do not say which attempt
    they are, so this is what can be known: an order in which each has a row of its own exists."""
    began = [row.began for row in rows]
    for number, hit in enumerate(hits, 1):
        findings.checked("I4")
        older = bisect_right(began, hit.at + SLACK)
        if older < number:
            findings.violated(
                "I4", _name(pair), f"request {number} at {hit.at:.3f} has no attempt row before it")


# I5 -------------------------------------------------------------------------------------------


def _explained(
    findings: Findings, pair: tuple[str, str], hits: Sequence[Hit], rows: Sequence[Attempt],
    windows: Windows,
) -> None:
    """Each request after one that was answered 2xx is there because its answer got lost: an attempt
    timed out, or a fault kept the daemon from saying how it ended."""
    findings.checked("I5")
    taken = sum(hit.may_settle for hit in hits)
    if not taken:
        return
    findings.count("hits answered 2xx", taken)
    extra = taken - 1
    if not extra:
        return
    findings.count("duplicates", extra)
    seen = sum(row.cause in (TIMEOUT, CONNECTION_LOST, INVALID_RESPONSE) for row in rows)
    unseen = sum(
        (row.cause in (OWN_FAULT, ABANDONED) or row.ended is None)
        and windows.touch(row.began, row.ended or math.inf)
        for row in rows)
    if extra > seen + unseen:
        findings.violated(
            "I5", _name(pair),
            f"{extra} duplicates; {seen} attempts failed on the way, faults explain {unseen}")


def _bounded(history: History, findings: Findings) -> None:
    """All duplicates together: no more than faults times attempts in flight, and timeouts."""
    began = sorted(row.began for row in history.attempts)
    ended = sorted(math.inf if row.ended is None else row.ended for row in history.attempts)
    bound = 0
    for fault in history.faults:
        in_flight = (
            bisect_right(began, fault.until + AFTERMATH) - bisect_left(ended, fault.at))
        if fault.in_flight is not None:
            in_flight = min(in_flight, fault.in_flight)
        bound += in_flight
    lost = sum(
        row.cause in (TIMEOUT, CONNECTION_LOST, INVALID_RESPONSE) for row in history.attempts)
    findings.count("attempts lost on the way", lost)
    findings.count("in flight at faults", bound)
    duplicates = findings.counts["duplicates"]
    if duplicates > bound + lost:
        findings.violated(
            "I5", "the run", f"has {duplicates} duplicates; bound {bound} in flight + {lost} lost")


# I7 -------------------------------------------------------------------------------------------


def _terminal_stays(history: History, findings: Findings) -> None:
    """What had ended during the run is at its end as it was."""
    for seen in history.terminals:
        findings.checked("I7")
        name = f"delivery {seen['id']}"
        delivery = history.delivery_by_id.get((seen["tenant"], seen["id"]))
        if delivery is None:
            findings.violated("I7", name, f"had {seen['state']} and is gone")
        elif delivery.state != seen["state"]:
            findings.violated("I7", name, f"had {seen['state']}, now {delivery.state}")
        elif delivery.ended != seen["ended"] or delivery.attempts != seen["attempts"]:
            findings.violated("I7", name, f"had {seen['state']} and ended or was tried again")


# I8 -------------------------------------------------------------------------------------------


def _nothing_after_success(
    findings: Findings, pair: tuple[str, str], hits: Sequence[Hit], rows: Sequence[Attempt],
    faults: Sequence[Fault],
) -> None:
    findings.checked("I8")
    recorded = min(
        (row.ended for row in rows if row.status == "success" and row.ended is not None),
        default=None)
    if recorded is None:
        return
    for row in rows:
        if row.began > recorded:
            findings.violated(
                "I8", _name(pair), f"attempt {row.number} began {row.began - recorded:.3f} s after "
                "success was recorded")
    for hit in hits:
        if hit.at <= recorded + ON_THE_WAY:
            continue
        if any(
            fault.kind == "pause" and fault.until - 0.1 <= hit.at <= fault.until + AFTER_PAUSE
            for fault in faults
        ):
            # Stopped between its last look at the lease and the write: no process can rule it out.
            findings.count("late sends of a resumed daemon", 1)
        else:
            findings.violated(
                "I8", _name(pair), f"request {hit.at - recorded:.3f} s after success was recorded")


# DUE ------------------------------------------------------------------------------------------


def _not_before_due(
    findings: Findings, pair: tuple[str, str], hits: Sequence[Hit], rows: Sequence[Attempt]
) -> None:
    for before, after in zip(rows, rows[1:]):
        follows = before.delivery == after.delivery and before.number + 1 == after.number
        if follows and before.next_retry is not None:
            findings.checked("DUE")
            if after.began < before.next_retry - TWO_LOOKS:
                findings.violated(
                    "DUE", _name(pair),
                    f"attempt {after.number} is {before.next_retry - after.began:.3f} s early")
    made = [hit.made or 0 for hit in hits]
    if len(hits) != len(rows) or made != sorted(made):
        # Which request is which attempt cannot be told: some never arrived, or a daemon that had
        # stood still sent one after its successor's.
        return
    for hit, row in zip(hits, rows):
        if hit.retry_after and row.response_status == hit.status and row.next_retry is not None:
            findings.checked("DUE")
            # Whole seconds on the wire, counted from a moment between request and answer.
            if row.next_retry < hit.at + hit.retry_after - TWO_LOOKS:
                findings.violated(
                    "DUE", _name(pair), f"Retry-After {hit.retry_after:g} s is not obeyed")


# LOG ------------------------------------------------------------------------------------------


def _log_agrees(history: History, findings: Findings, delivery: Delivery) -> None:
    """Attempts are numbered from 1 without a gap, the count is right, none is open at the end."""
    findings.checked("LOG")
    rows = history.attempts_by_delivery.get((delivery.tenant, delivery.id), [])
    numbers = sorted(row.number for row in rows)
    name = f"delivery {delivery.id}"
    if numbers != list(range(1, delivery.attempts + 1)):
        findings.violated("LOG", name, f"has {delivery.attempts} attempts, logged: {numbers}")
    if delivery.state != "pending" and any(row.ended is None for row in rows):
        findings.violated("LOG", name, f"{delivery.state} with an attempt in progress")
    if delivery.ended is not None and any(row.began > delivery.ended for row in rows):
        findings.violated("I7", name, f"had {delivery.state} and was attempted again")
    if any((row.webhook, row.event) != (delivery.webhook, delivery.event) for row in rows):
        findings.violated("LOG", name, "has attempts of another webhook or event")


# The gap after a kill -------------------------------------------------------------------------


def _gaps(history: History, findings: Findings, limits: Limits) -> None:
    """How long what a fault left behind waited for its next attempt."""
    faults = sorted(history.faults, key=lambda each: each.at)
    begins = [fault.at for fault in faults]
    longest: Counter[str] = Counter()
    for rows in history.attempts_by_delivery.values():
        for before, after in zip(rows, rows[1:]):
            if before.cause != ABANDONED or before.ended is None:
                continue
            findings.count("attempts abandoned", 1)
            index = bisect_right(begins, before.ended) - 1
            if index < 0 or faults[index].until + limits.lease < before.began:
                findings.count("attempts abandoned without a fault", 1)
                continue
            # Of several faults the last one that can have hit it: for a limit to be broken there
            # must be no other explanation. The second figure needs none and bounds the first.
            fault = faults[index]
            gap = after.began - fault.at
            longest["an attempt left behind"] = max(
                longest["an attempt left behind"], math.ceil((after.began - before.began) * 1000))
            longest[fault.kind] = max(longest[fault.kind], math.ceil(gap * 1000))
            if limits.max_gap is not None and gap > limits.max_gap and fault.kind == "kill":
                findings.violated(
                    "RUN", f"delivery {before.delivery}",
                    f"waited {gap:.1f} s after a kill for its next attempt")
    for kind, milliseconds in longest.items():
        findings.count(f"longest gap after {kind}, ms", milliseconds)


def _name(pair: tuple[str, str]) -> str:
    return f"event {pair[0]} to webhook {pair[1]}"
