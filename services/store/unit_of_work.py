"""The seam between the gate and the store: what a call hands over, and what it gets back once it is durable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from services.store.errors import Unavailable, UnfitValue
from services.store.scope import Scope
from services.store.touched import Touched, Verb
from services.store.trace_entry import TraceEntry, TraceKind, TraceOutcome

__all__ = [
    "Done",
    "Executor",
    "Facts",
    "FactsKey",
    "Outcome",
    "Scope",
    "Touched",
    "TraceEntry",
    "TraceKind",
    "TraceOutcome",
    "Unavailable",
    "UnfitValue",
    "Unit",
    "Verb",
]

V = TypeVar("V")
R = TypeVar("R")

Facts = Mapping[str, Any]
"""Pieces of the request's JSON form, `record relation document context`, and beside them `revision` and `emergency`."""


@dataclass(frozen=True, slots=True)
class FactsKey:
    """What to load for one call; raises UnfitValue for a value that the database would take for another."""

    record: str
    person: str
    structure: str | None
    at: datetime
    document: str | None = None
    target: str | None = None

    def __post_init__(self) -> None:
        """Refuse what the database would read as something else."""
        if self.at.tzinfo is None:
            raise UnfitValue("`at` has no time zone")
        for text in (self.record, self.person, self.structure, self.document, self.target):
            # DANGER: SQLite cuts a text taken out of JSON at its first NUL, so that one person would become another.
            if text is not None and "\0" in text:
                raise UnfitValue("an identifier holds a NUL character")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a decided unit, for its trace entry."""

    outcome: TraceOutcome
    """DONE, REFUSED, FAILED or LATE; an entry may say DONE only where this does."""
    result: object | None
    """What `run` returned; nothing unless it ran and returned."""
    error: Exception | None
    """What `run` raised; its changes are undone."""
    late: bool
    """The deadline had passed, or the caller had gone, before the unit was taken: `run` was not called."""
    touched: tuple[Touched, ...]
    """The documents that `run` read, listed or changed, in order; empty unless it ran and returned."""
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Unit(Generic[V, R]):
    """One call's work; `V` is the gate's verdict, opaque to the store. Call it without a subscript: `Unit(…)`."""

    key: FactsKey | None
    """Nothing when no stored fact is needed; `decide` then gets empty facts."""
    decide: Callable[[Facts], V]
    """Pure and fast; called again on fresh facts when another unit of the group changed something."""
    run: Callable[[Scope, V], R] | None
    """Called inside a savepoint, only if permitted and in time; raising undoes its changes."""
    permits: Callable[[V], bool]
    entry: Callable[[V, Done], TraceEntry]
    """Builds the trace entry once the outcome is known."""
    changes: Callable[[V], bool]
    """Whether the unit may write: it then runs after the reads, on facts of its own. Who says no and writes, fails."""
    deadline: float
    """On the clock of `time.monotonic`, in seconds."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[V, R]):
    """A unit that is decided and whose entry is durable."""

    verdict: V
    result: R | None
    error: Exception | None
    late: bool
    entry: TraceEntry


class Executor(Protocol):
    """Runs units; a future resolves only after the unit's entry is durable, else it fails with Unavailable."""

    def submit(self, unit: Unit[V, R]) -> Future[Outcome[V, R]]:
        """Take a unit; never blocks, never raises."""

    def close(self) -> None:
        """Finish what was taken, refuse what comes after, and let the database go."""
