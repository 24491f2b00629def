"""The units that one transaction decides, runs and traces, and that are answered only after its commit."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

from services.store.errors import Unavailable, WroteInRead
from services.store.facts import facts_many
from services.store.savepoint import Savepoint
from services.store.traces import APPEND
from services.store.unit_of_work import Done, Facts, Scope, Touched, TraceOutcome
from services.store.waiting import Waiting

Clock = Callable[[], datetime]

_NO_FACTS: Facts = {}


class Group:
    """One transaction on the lane's connection."""

    __slots__ = ("_clock", "_connection", "_units")

    def __init__(self, connection: sqlite3.Connection, units: Sequence[Waiting], clock: Clock) -> None:
        """Take these units, in the order in which they came."""
        self._connection = connection
        self._units = units
        self._clock = clock

    def answer(self) -> None:
        """Decide, run, trace, commit, and only then answer every unit; if any of it fails, none is answered."""
        for unit in self._units:
            unit.take()
        try:
            self._commit()
        except BaseException as error:  # noqa: BLE001 - whatever it was, nobody may be answered as if it were kept
            self._abandon()
            for unit in self._units:
                unit.fail(error)
        else:
            for unit in self._units:
                unit.answer()

    def _commit(self) -> None:
        # IMMEDIATE, so that what is decided on is read under the lock under which it changes.
        self._connection.execute("BEGIN IMMEDIATE")
        self._decide(self._units)
        for unit in self._units:
            if not unit.changing:
                self._settle(unit)
        self._settle_changes([unit for unit in self._units if unit.changing])
        self._append()
        self._connection.execute("COMMIT")

    def _decide(self, units: Sequence[Waiting]) -> None:
        """Load the facts of all by one statement, and decide each."""
        keyed = [(unit, unit.unit.key) for unit in units]
        keys = [key for _, key in keyed if key is not None]
        facts = iter(facts_many(Savepoint(self._connection), keys) if keys else ())
        for unit, key in keyed:
            unit.decide(_NO_FACTS if key is None else next(facts))

    def _settle_changes(self, units: Sequence[Waiting]) -> None:
        """One after another, each decided on what those before it left."""
        decided_at = self._connection.total_changes
        for unit in units:
            # INVARIANT: after the first write of the group, no unit runs on the facts loaded before it.
            if self._connection.total_changes != decided_at and unit.failure is None:
                self._decide([unit])
            self._settle(unit)

    def _settle(self, unit: Waiting) -> None:
        if unit.failure is not None:
            return
        if unit.to_run:
            self._run(unit)
            return
        outcome = TraceOutcome.DONE if unit.permitted else TraceOutcome.REFUSED
        unit.finish(self._done(unit, TraceOutcome.LATE if unit.late else outcome))

    def _run(self, unit: Waiting) -> None:
        """Call the handler inside a savepoint, which keeps its changes only if they can be traced."""
        self._connection.execute("SAVEPOINT unit")
        done = self._handled(unit)
        unit.finish(done)
        if done.error is not None or unit.failure is not None:
            self._connection.execute("ROLLBACK TO unit")
        # INVARIANT: this fails, and the group with it, where the database itself has left the transaction.
        self._connection.execute("RELEASE unit")

    def _handled(self, unit: Waiting) -> Done:
        savepoint = Savepoint(self._connection)
        scope = Scope(savepoint)
        before = self._connection.total_changes
        try:
            result = unit.handle(scope)
            self._refuse_undeclared_change(unit, before)
        except Exception as error:  # noqa: BLE001 - the gate is told, and answers for it
            return self._done(unit, TraceOutcome.FAILED, error=error)
        finally:
            savepoint.close()
        return self._done(unit, TraceOutcome.DONE, result=result, touched=scope.touched)

    def _refuse_undeclared_change(self, unit: Waiting, before: int) -> None:
        # INVARIANT: the reads of a group are decided together, so that none may change what the next was decided on.
        if self._connection.total_changes != before and not unit.changing:
            raise WroteInRead("the unit said that it changes nothing, and wrote")

    def _done(
        self,
        unit: Waiting,
        outcome: TraceOutcome,
        *,
        result: object | None = None,
        error: Exception | None = None,
        touched: tuple[Touched, ...] = (),
    ) -> Done:
        now = self._clock()
        # The wall clock may have been set back since the call came in.
        recorded_at = now if unit.unit.key is None else max(now, unit.unit.key.at)
        return Done(outcome, result, error, unit.late, touched, recorded_at)

    def _append(self) -> None:
        rows = [unit.row for unit in self._units if unit.outcome is not None]
        written = self._connection.executemany(APPEND.on(Savepoint.dialect).text, rows).rowcount if rows else 0
        if written != len(rows):
            raise Unavailable("not every trace was written")

    def _abandon(self) -> None:
        # Where even this fails, so will the next BEGIN.
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
