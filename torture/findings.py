"""What a check found: how much it looked at, what it counted, what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

#: Every invariant, in the words of the table. A run proves only what it looked at.
INVARIANTS: dict[str, str] = {
    "I1": "no acknowledged event lost, each delivery ends exactly once",
    "I2": "nothing invented: no refused or unknown event stored or sent",
    "I3": "the same bytes at producer, database and receiver",
    "I4": "every request has an attempt row, committed before it",
    "I5": "duplicates only where a fault or a timeout explains them",
    "I6": "signed with the webhook's own secret, never across tenants",
    "I7": "a delivery that ended never changes",
    "I8": "no attempt starts after success was recorded",
    "I9": "an idempotency key makes exactly one event",
    "STATS": "counters equal a recount of the log",
    "LOG": "deliveries and their log agree",
    "DUE": "no attempt before it was due",
    "RUN": "processes end and begin as they should",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be."""

    invariant: str
    subject: str
    message: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.subject} {self.message}"


@dataclass(slots=True)
class Findings:
    """Gathers what the checks say."""

    violations: list[Violation] = field(default_factory=list)
    looked_at: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def checked(self, invariant: str, times: int = 1) -> None:
        self.looked_at[invariant] += times

    def violated(self, invariant: str, subject: str, message: str) -> None:
        self.violations.append(Violation(invariant, subject, message))

    def count(self, name: str, number: int) -> None:
        self.counts[name] += number

    def of(self, invariant: str) -> list[Violation]:
        return [each for each in self.violations if each.invariant == invariant]
