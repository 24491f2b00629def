"""What one transaction does with units, whatever the database: decide them, let them act, trace them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice

from services.store import traces
from services.store.erasures import RECORD
from services.store.errors import Contended, Unavailable, WroteInRead
from services.store.facts import facts_many
from services.store.observer import Observer, tell
from services.store.savepoint import Savepoint
from services.store.session import Session
from services.store.unit_of_work import Done, Scope, TraceOutcome
from services.store.waiting import Waiting

Clock = Callable[[], datetime]


class Transaction:
    """The steps of a transaction on one session; who calls them says when it begins and ends."""

    __slots__ = ("_clock", "_observer", "_session")

    def __init__(self, session: Session, clock: Clock, observer: Observer) -> None:
        """Work through this session, which must be inside a transaction at every step."""
        self._session = session
        self._clock = clock
        self._observer = observer

    def decide(self, units: Sequence[Waiting]) -> None:
        """Load the facts of all by one statement, and decide each."""
        keys = [key for unit in units for key in unit.unit.keys]
        facts = iter(facts_many(Savepoint(self._session), keys) if keys else ())
        for unit in units:
            unit.decide(tuple(islice(facts, len(unit.unit.keys))))

    def settle(self, unit: Waiting, error: Exception | None = None) -> None:
        """Let a decided unit act if it may, and build its entries; with an error, it failed before it could act."""
        if unit.failure is not None:
            return
        if error is not None and unit.permitted:
            unit.finish(self._done(unit, TraceOutcome.FAILED, error=error))
        elif not unit.to_run:
            outcome = TraceOutcome.DONE if unit.permitted else TraceOutcome.REFUSED
            unit.finish(self._done(unit, TraceOutcome.LATE if unit.late else outcome))
        elif unit.unit.stores:
            self._run(unit)
        else:
            unit.finish(self._answered(unit))

    def keep(self, units: Sequence[Waiting]) -> None:
        """Write the entries of all that were settled, and commit; raises Unavailable unless every one was written."""
        self._append(units)
        started = time.perf_counter()
        self._session.commit()
        if erased := [erasure for unit in units if unit.outcome is not None for erasure in unit.erased]:
            # INVARIANT: nobody hears of a destruction that a restored copy of the database would undo.
            self._session.keyring.provider.add_erasures(erased)
        outcomes = (unit.outcome for unit in units if unit.outcome is not None)
        tell(
            self._observer, (entry for outcome in outcomes for entry in outcome.entries), time.perf_counter() - started
        )

    def _append(self, units: Sequence[Waiting]) -> None:
        rows = [row for unit in units if unit.outcome is not None for row in unit.rows]
        gone = {row["decision_id"] for unit in units if any(e.kind == RECORD for e in unit.erased) for row in unit.rows}
        # INVARIANT: a unit that changes may have destroyed or renewed any key that was read before.
        changed = any(unit.changing for unit in units)
        known = {} if changed else {record: key for unit in units for record, key in unit.known.items()}
        if traces.append(self._session, rows, gone, known) != len(rows):
            raise Unavailable("not every trace was written")

    def _run(self, unit: Waiting) -> None:
        """Call the handler inside a savepoint, which keeps its changes only if they can be traced."""
        self._session.mark()
        done = self._handled(unit)
        unit.finish(done)
        if done.error is not None or unit.failure is not None:
            self._session.undo()
        # INVARIANT: this fails, and all with it, where the database itself has left the transaction.
        self._session.release()

    def _handled(self, unit: Waiting) -> Done:
        savepoint = Savepoint(self._session)
        scope = Scope(savepoint)
        before = self._session.written
        try:
            result = unit.handle(scope)
            self._refuse_undeclared_change(unit, before)
        except Contended:
            # Nothing after it can be trusted to have seen one state: the whole is repeated.
            raise
        except Exception as error:  # noqa: BLE001 - the gate is told, and answers for it
            return self._done(unit, TraceOutcome.FAILED, error=error)
        finally:
            savepoint.close()
        unit.known = scope.keys.known
        return self._done(unit, TraceOutcome.DONE, result=result, scope=scope)

    def _answered(self, unit: Waiting) -> Done:
        """The outcome of a unit that only words its verdict."""
        try:
            result = unit.handle(None)
        except Exception as error:  # noqa: BLE001 - as above
            return self._done(unit, TraceOutcome.FAILED, error=error)
        return self._done(unit, TraceOutcome.DONE, result=result)

    def _refuse_undeclared_change(self, unit: Waiting, before: int) -> None:
        # INVARIANT: reads are decided together, so that none may change what the next was decided on.
        if self._session.written != before and not unit.changing:
            raise WroteInRead("the unit said that it changes nothing, and wrote")

    def _done(
        self,
        unit: Waiting,
        outcome: TraceOutcome,
        *,
        result: object | None = None,
        error: Exception | None = None,
        scope: Scope | None = None,
    ) -> Done:
        # The wall clock may have been set back since the call came in.
        recorded_at = max([self._clock(), *(key.at for key in unit.unit.keys[:1])])
        if scope is None:
            return Done(outcome, result, error, unit.late, (), recorded_at)
        return Done(outcome, result, error, unit.late, scope.touched, recorded_at, scope.handled, scope.erased)
