"""A unit on its way through an executor, from being taken to being answered."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.store import trace_row
from services.store.errors import Unavailable, UnfitValue
from services.store.key_provider import Erasure
from services.store.keys import FieldsKey
from services.store.unit_of_work import Done, Facts, Outcome, Receiver, Scope, TraceEntry, TraceOutcome, Unit


@dataclass(slots=True, eq=False)
class Waiting:
    """What has become of a unit so far."""

    unit: Unit[Any, Any]
    receiver: Receiver
    late: bool = False
    """The deadline has passed, or the caller has withdrawn: it is decided and traced, but not run."""
    withdrawn: bool = False
    verdict: Any = None
    permitted: bool = False
    changing: bool = False
    outcome: Outcome[Any, Any] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    """The values of its trace entries."""
    erased: Sequence[Erasure] = ()
    """What its handler destroyed for good."""
    known: Mapping[str, FieldsKey] = field(default_factory=dict)
    """The keys that its handler has read, by record."""
    failure: Unavailable | None = None
    """Why this unit alone can be neither traced nor answered."""

    @property
    def to_run(self) -> bool:
        """Whether its handler is to be called."""
        return self.failure is None and self.permitted and not self.late and self.unit.run is not None

    def take(self) -> None:
        """Begin: from here on the caller can no longer withdraw."""
        self.withdrawn = not self.receiver.set_running_or_notify_cancel()
        self.late = self.withdrawn or time.monotonic() > self.unit.deadline

    def decide(self, facts: Sequence[Facts]) -> None:
        """Ask for the verdict; a unit that cannot be decided fails alone."""
        # INVARIANT: what an attempt before this one has read is of another moment.
        self.known = {}
        try:
            self.verdict = self.unit.decide(facts)
            self.permitted = self.unit.permits(self.verdict)
            self.changing = self.unit.changes(self.verdict)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no permit
            self._spoil("the unit could not be decided", error)

    def handle(self, scope: Scope | None) -> object:
        """Call the handler."""
        run = self.unit.run
        return None if run is None else run(scope, self.verdict)

    def finish(self, done: Done) -> None:
        """Build the entry and its row; a unit that cannot be traced fails alone, and must be undone."""
        try:
            entries = tuple(self.unit.entries(self.verdict, done))
            _refuse_false(entries, done)
            self.rows = [trace_row.values(entry) for entry in entries]
        except Exception as error:  # noqa: BLE001 - whatever it is, without a trace there is no answer
            self._spoil("the unit could not be traced", error)
        else:
            self.erased = done.erased
            self.outcome = Outcome(self.verdict, done.result, done.error, done.late, entries)

    def answer(self) -> None:
        """Tell the caller; only after the commit."""
        if self.withdrawn:
            return
        if self.outcome is None:
            self.receiver.set_exception(self.failure or Unavailable("the unit was not decided"))
        else:
            self.receiver.set_result(self.outcome)

    def fail(self, cause: BaseException) -> None:
        """Tell the caller that nothing of the unit is kept."""
        if not self.withdrawn and not self.receiver.done():
            error = Unavailable("the group of this unit could not be committed")
            error.__cause__ = cause
            self.receiver.set_exception(error)

    def refuse(self) -> None:
        """Tell the caller that the unit was never begun."""
        if self.receiver.set_running_or_notify_cancel():
            self.receiver.set_exception(Unavailable("the store is closed"))

    def _spoil(self, sentence: str, cause: Exception) -> None:
        self.failure = Unavailable(sentence)
        self.failure.__cause__ = cause
        self.outcome = None


def _refuse_false(entries: Sequence[TraceEntry], done: Done) -> None:
    if not entries:
        raise UnfitValue("there is no entry")
    if done.outcome is TraceOutcome.DONE:
        return
    # INVARIANT: no entry says that something was done which was not.
    if any(entry.outcome is TraceOutcome.DONE for entry in entries):
        raise UnfitValue("an entry says DONE of a unit that was not done")
