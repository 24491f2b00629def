"""The units that one transaction decides, runs and traces, and that are answered only after its commit."""

from __future__ import annotations

from collections.abc import Sequence

from services.store.observer import Observer
from services.store.session import Session
from services.store.transaction import Clock, Transaction
from services.store.waiting import Waiting


class Group:
    """One transaction for many units."""

    __slots__ = ("_session", "_steps", "_units")

    def __init__(self, session: Session, units: Sequence[Waiting], clock: Clock, observer: Observer) -> None:
        """Take these units, in the order in which they came."""
        self._session = session
        self._units = units
        self._steps = Transaction(session, clock, observer)

    def answer(self) -> None:
        """Decide, run, trace, commit, and only then answer every unit; if any of it fails, none is answered."""
        for unit in self._units:
            unit.take()
        try:
            self._commit()
        except BaseException as error:  # noqa: BLE001 - whatever it was, nobody may be answered as if it were kept
            self._session.abandon()
            for unit in self._units:
                unit.fail(error)
        else:
            for unit in self._units:
                unit.answer()

    def _commit(self) -> None:
        # The facts may take two statements, which must be of one moment.
        self._session.begin(snapshot=True)
        self._steps.decide(self._units)
        for unit in self._units:
            if not unit.changing:
                self._steps.settle(unit)
        self._settle_changes([unit for unit in self._units if unit.changing])
        self._steps.keep(self._units)

    def _settle_changes(self, units: Sequence[Waiting]) -> None:
        """One after another, each decided on what those before it left."""
        decided_at = self._session.written
        for unit in units:
            # INVARIANT: after the first write of the group, no unit runs on the facts loaded before it.
            if self._session.written != decided_at and unit.failure is None:
                self._steps.decide([unit])
            self._steps.settle(unit)
