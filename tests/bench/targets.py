"""What the figures are held to: ratios of measures of the same round, so that a machine that drifts does not count."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from tests.bench.measure import Sample

Rounds = Mapping[str, Sequence[Sample]]
"""By measure, a sample of each round."""
Figure = Literal["rate", "p50", "p99", "cpu", "memory", "served"]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of one measure, by that of another in the same round where there is one; judged by its median."""

    name: str
    figure: Figure
    of: str
    by: str | None = None
    least: float | None = None
    most: float | None = None

    def seen(self, rounds: Rounds) -> list[float]:
        """The figure of each round."""
        above = [float(getattr(sample, self.figure)) for sample in rounds[self.of]]
        if self.by is None:
            return above
        below = [float(getattr(sample, self.figure)) for sample in rounds[self.by]]
        return [one / other for one, other in zip(above, below, strict=True)]

    def met(self, rounds: Rounds) -> bool | None:
        """Whether it holds; nothing where nothing is asked of it."""
        middle = statistics.median(self.seen(rounds))
        if self.least is not None:
            return middle >= self.least
        return None if self.most is None else middle <= self.most

    @property
    def bound(self) -> str:
        """What is asked, in signs."""
        unit = "×" if self.by else " MB" if self.figure == "memory" else " ms"
        asked = [
            f"{sign} {bound:g}{unit}" for sign, bound in (("≥", self.least), ("≤", self.most)) if bound is not None
        ]
        return " ".join(asked)


_STORES: Final = (("SQLite", "sqlite"), ("PostgreSQL", "postgresql"))
GROWN: Final = tuple(
    target
    for name, store in _STORES
    for target in (
        # The server's own time, for that of its caller, who shares the machine, is no time of the suite.
        Target(f"list among many on {name}, served p50", "served", f"list among many, {store}", most=5.0),
        Target(
            f"list among many by few on {name}, p50",
            "p50",
            f"list among many, {store}",
            f"list among few, {store}",
            most=1.5,
        ),
        Target(f"deposit of 1 MB on {name}, p50", "p50", f"deposit of 1 MB, {store}", most=30.0),
        Target(f"read of 1 MB on {name}, p50", "p50", f"read of 1 MB, {store}", most=30.0),
        Target(f"copy of 500 documents on {name}, above idle", "memory", f"copy, {store}", most=100.0),
    )
)
"""A record's list in a store that grows, a large document, and a copy."""
TARGETS: Final = (
    *GROWN,
    Target("check on SQLite by echo", "rate", "check, sqlite", "echo", least=0.5),
    Target("check on PostgreSQL by SQLite", "rate", "check, postgresql", "check, sqlite", least=0.6),
    Target("change by read on SQLite", "rate", "change, sqlite", "read, sqlite", least=0.3),
    Target("change by read on PostgreSQL", "rate", "change, postgresql", "read, postgresql", least=0.3),
    Target("batch of 500 on SQLite, p50", "p50", "batch of 500, sqlite", most=15.0),
    Target("batch of 500 on PostgreSQL, p50", "p50", "batch of 500, postgresql", most=15.0),
    # Shown beside them, and held to nothing yet.
    Target("check on PostgreSQL by echo", "rate", "check, postgresql", "echo"),
    Target("server CPU of a check on SQLite by echo", "cpu", "check, sqlite", "echo"),
    Target("one caller's p50 on SQLite by echo", "p50", "check, one caller, sqlite", "echo, one caller"),
    Target("one caller's p50 on PostgreSQL by echo", "p50", "check, one caller, postgresql", "echo, one caller"),
    Target("p50 of 500 in a batch by one check, SQLite", "p50", "batch of 500, sqlite", "check, one caller, sqlite"),
)
