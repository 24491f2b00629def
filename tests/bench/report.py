"""What came out, as tables for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from tests.bench.targets import TARGETS, Rounds, Target

BUSY: Final = 0.5
"""Of a core: with more to do before it is asked anything, the machine is busy."""

SLOW: Final = 1.0
"""Milliseconds; an ordinary disk takes a fifth of it."""
SYNCS: Final = 50


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured."""

    cores: int
    load: float
    """Processes that wanted to run, in the minute before."""
    python: str
    sync: float
    """Milliseconds until a small write is on the disk: every group of traces waits so long, and the echo never."""

    @property
    def doubts(self) -> list[str]:
        """Why the figures are less sure than they look."""
        found = []
        if self.load > BUSY * self.cores:
            found.append(f"the machine was busy before ({self.load:.1f} processes ran): ratios to the echo are too low")
        if self.sync > SLOW:
            found.append(f"the disk is slow or busy, a write takes {self.sync:.1f} ms: ratios to the echo are too low")
        if self.cores < 2:
            found.append("there is one core, which servers and client share: the echo is too slow, and ratios too high")
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """A run whose every answer was right."""

    machine: Machine
    generator: str
    rounds: Rounds
    targets: Sequence[Target] = TARGETS

    @property
    def held(self) -> bool:
        """Whether no target was missed."""
        return all(target.met(self.rounds) is not False for target in self.targets)

    def json(self) -> dict[str, Any]:
        """As `var/bench.json` keeps it: rates in calls a second, times in ms, processor time in µs."""
        return {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": asdict(self.machine) | {"doubts": self.machine.doubts},
            "generator": self.generator,
            "measures": {name: _columns(map(asdict, samples)) for name, samples in self.rounds.items()},
            "targets": [_told(target, self.rounds) for target in self.targets],
        }

    def shown(self) -> Group:
        """For the terminal."""
        doubts = [Text(f"! {doubt}", "yellow") for doubt in self.machine.doubts]
        return Group(self._measures(), self._targets(), Text(f"load from {self.generator}", "dim"), *doubts)

    def _measures(self) -> Table:
        table = Table("measure", title="Medians over the rounds; every answer checked, every entry counted")
        for column in ("calls/s", "p50 ms", "p99 ms", "server CPU µs", "calls"):
            table.add_column(column, justify="right")
        for name, samples in self.rounds.items():
            rate, p50, p99, cpu = (
                statistics.median(getattr(sample, figure) for sample in samples)
                for figure in ("rate", "p50", "p99", "cpu")
            )
            calls = sum(sample.calls for sample in samples)
            table.add_row(name, f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{cpu:,.0f}", f"{calls:,}")
        return table

    def _targets(self) -> Table:
        table = Table("ratio, round by round", title="Targets")
        for column in ("min", "median", "max", "asked", ""):
            table.add_column(column, justify="right")
        for target in self.targets:
            seen = target.seen(self.rounds)
            figures = (f"{figure:.2f}" for figure in (min(seen), statistics.median(seen), max(seen)))
            table.add_row(target.name, *figures, target.bound, _verdict(target.met(self.rounds)))
        return table


def machine(folder: Path) -> Machine:
    """The one that runs this, before anything is measured, with the disk of a folder."""
    cores, version = len(os.sched_getaffinity(0)), platform.python_version()
    return Machine(cores, os.getloadavg()[0], version, _sync(folder))


def _sync(folder: Path) -> float:
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


def tell(report: Report, *, as_json: bool) -> None:
    """Print the tables, or JSON."""
    console = Console()
    if as_json:
        console.print_json(data=report.json())
    else:
        console.print(report.shown())


def _columns(samples: Iterable[Mapping[str, Any]]) -> dict[str, list[float]]:
    rows = list(samples)
    return {figure: [round(float(row[figure]), 3) for row in rows] for figure in rows[0]}


def _told(target: Target, rounds: Rounds) -> dict[str, Any]:
    seen = target.seen(rounds)
    bounds = {"least": target.least, "most": target.most}
    figures = {"min": min(seen), "median": statistics.median(seen), "max": max(seen)}
    rounded = {name: round(figure, 4) for name, figure in figures.items()}
    return {"name": target.name, **rounded, **bounds, "met": target.met(rounds)}


def _verdict(met: bool | None) -> Text:
    if met is None:
        return Text("")
    return Text("met", "green") if met else Text("not met", "bold red")
