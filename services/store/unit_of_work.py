"""The seam between the gate and the store: what a call hands over, and what it gets back once it is durable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from services.store import sql
from services.store.errors import Unavailable, UnfitValue
from services.store.key_provider import Erasure
from services.store.observer import Pool
from services.store.reading import Reading
from services.store.scope import Scope
from services.store.touched import Handled, Touched, Verb
from services.store.trace_entry import TraceEntry, TraceKind, TraceOutcome

__all__ = [
    "Done",
    "Executor",
    "Facts",
    "FactsKey",
    "Handled",
    "Outcome",
    "Reading",
    "Receiver",
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
"""Pieces of the request's JSON form, `record relation document context`; beside them `revision emergency documents`."""


@dataclass(frozen=True, slots=True)
class FactsKey:
    """What to load for one call; raises UnfitValue for a value that the database would take for another."""

    record: str
    person: str
    structure: str | None
    at: datetime
    document: str | None = None
    target: str | None = None
    documents: tuple[str, ...] = ()
    """Further documents of the record; their facts stand under `documents`, by id, if they are stored."""
    ticket: str | None = None
    """Named by the caller; it is told under `context` only if it is open for this action, record and document."""
    action: str | None = None
    """What the ticket must permit."""
    own: str | None = None
    """The INS that a professional has as a patient himself (ACT-05)."""

    def __post_init__(self) -> None:
        """Refuse what the database would read as something else."""
        if self.at.tzinfo is None:
            raise UnfitValue("`at` has no time zone")
        for text in (
            self.record,
            self.person,
            self.structure,
            self.document,
            self.target,
            self.ticket,
            self.own,
            *self.documents,
        ):
            if text is not None and not sql.is_fit(text):
                raise UnfitValue("an identifier holds a character that no database keeps")


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
    handled: tuple[Handled, ...] = ()
    """The tickets that `run` opened or settled, in order; empty as above."""
    erased: tuple[Erasure, ...] = ()
    """What `run` destroyed for good, in order; empty as above."""


@dataclass(frozen=True, slots=True)
class Unit(Generic[V, R]):
    """One call's work; `V` is the gate's verdict, opaque to the store. Call it without a subscript: `Unit(…)`."""

    keys: tuple[FactsKey, ...]
    """The stored facts needed, possibly none; `decide` gets one of each, in this order."""
    decide: Callable[[Sequence[Facts]], V]
    """Pure and fast; called again on fresh facts when another unit of the group changed something."""
    run: Callable[[Scope | None, V], R] | None
    """Called only if permitted and in time; raising undoes its changes."""
    permits: Callable[[V], bool]
    entries: Callable[[V, Done], Sequence[TraceEntry]]
    """Builds the trace, one entry a record, once the outcome is known; never none."""
    changes: Callable[[V], bool]
    """Whether the unit may write: it then runs after the reads, on facts of its own. Who says no and writes, fails."""
    deadline: float
    """On the clock of `time.monotonic`, in seconds."""
    stores: bool = True
    """Whether `run` uses the stores: without, it gets no scope and may be decided together with many others."""
    locks: str | None = None
    """The record that is locked before its facts are read, because the unit is meant to change it."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[V, R]):
    """A unit that is decided and whose entries are durable."""

    verdict: V
    result: R | None
    error: Exception | None
    late: bool
    entries: tuple[TraceEntry, ...]


class Receiver(Protocol):
    """Where a unit is told what became of it: a `concurrent.futures.Future`, or what has its part for the store."""

    def set_running_or_notify_cancel(self) -> bool:
        """Whether somebody still waits; called once, before anything is told."""

    def done(self) -> bool:
        """Whether it was told already."""

    def set_result(self, outcome: Any, /) -> None:  # noqa: ANN401 - an Outcome, as the futures of the library take it
        """Tell the outcome, which is durable."""

    def set_exception(self, error: Any, /) -> None:  # noqa: ANN401 - as above
        """Tell why there is none."""


class Executor(Protocol):
    """Runs units; each is told its outcome only after its entry is durable, else that it is Unavailable."""

    @property
    def pools(self) -> tuple[Pool, ...]:
        """What waits and what works, about now; for the metrics."""

    def hand(self, unit: Unit[V, R], receiver: Receiver) -> None:
        """Take a unit, and tell the receiver in another thread; never blocks, never raises."""

    def submit(self, unit: Unit[V, R]) -> Future[Outcome[V, R]]:
        """Take a unit, and tell a future, for whoever waits in a thread."""

    def reading(self) -> Reading:
        """A connection for the calling thread that reads what a committed call may; raises StartRefused."""

    def close(self) -> None:
        """Finish what was taken, refuse what comes after, and let the database go."""
