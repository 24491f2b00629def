"""Judges mutants on every core, with a progress bar."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

from rich.console import Console
from rich.progress import track

from policy.mutants import Mutant
from policy.mutation import Fate, Judge, Verdict

CHUNK = 16
_Z = 1.96
"""The standard normal quantile of 0.975."""


@dataclass(frozen=True, slots=True)
class Score:
    """What became of many mutants: of all, or of some that were drawn with equal chances."""

    verdicts: tuple[Verdict, ...]
    among: int
    """How many there are."""

    @property
    def is_sample(self) -> bool:
        """Whether only some were judged."""
        return len(self.verdicts) < self.among

    @property
    def interval(self) -> tuple[float, float]:
        """What a sample tells of all: between which shares they lie, 19 times of 20 (Wilson's score interval)."""
        count = max(self.could_be_caught, 1)
        share, spread = self.count(Fate.CAUGHT) / count, _Z * _Z / count
        middle = share + spread / 2
        half = _Z * sqrt((share * (1 - share) + spread / 4) / count)
        return max((middle - half) / (1 + spread), 0), min((middle + half) / (1 + spread), 1)

    def count(self, fate: Fate) -> int:
        """How many ended so."""
        return sum(verdict.fate is fate for verdict in self.verdicts)

    @property
    def survivors(self) -> tuple[Verdict, ...]:
        """Those that no case catches, in file order."""
        return tuple(verdict for verdict in self.verdicts if verdict.fate is Fate.SURVIVED)

    @property
    def could_be_caught(self) -> int:
        """All that load and are not proved to say the same."""
        return self.count(Fate.CAUGHT) + len(self.survivors)


def judged(judge: Judge, mutants: Sequence[Mutant], workers: int | None = None) -> tuple[Verdict, ...]:
    """The verdict on each mutant, in their order, by so many processes (as many as there are cores)."""
    workers = min(workers or os.cpu_count() or 1, 1 + len(mutants) // CHUNK)
    if workers == 1:
        return _watched((judge.verdict(mutant) for mutant in mutants), len(mutants))
    global _shared  # noqa: PLW0603  # what a forked process inherits: the tables are read and typed once
    _shared = judge, mutants
    # INVARIANT: forked before the bar starts its thread, and started from a program that has no other.
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return _watched(pool.imap(_one, range(len(mutants)), CHUNK), len(mutants))


def _watched(verdicts: Iterable[Verdict], count: int) -> tuple[Verdict, ...]:
    bar = track(verdicts, "mutants", count, console=Console(emoji=False, stderr=True), transient=True)
    return tuple(bar)


_shared: tuple[Judge, Sequence[Mutant]]


def _one(place: int) -> Verdict:
    judge, mutants = _shared
    return judge.verdict(mutants[place])
