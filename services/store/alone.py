"""One unit in a transaction of its own, repeated as a whole where another transaction was in the way."""

from __future__ import annotations

import random
import time
from typing import Final

from sqlalchemy import bindparam, func, select

from services.store import sql
from services.store.errors import Contended
from services.store.observer import Observer
from services.store.session import Session
from services.store.tables import Text, records
from services.store.transaction import Clock, Transaction
from services.store.waiting import Waiting

ATTEMPTS: Final = 5
"""How often a unit is tried before it is refused."""
LONGEST_PAUSE: Final = 0.02
"""Seconds before a repetition, at most; by chance, so that two do not meet again."""

_CLAIM = sql.Statement(select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("ins", type_=Text), 0))))
_LOCK = sql.Statement(select(records.c.revision).where(sql.given(records.c.ins)).with_for_update())


class Alone:
    """The transactions of one unit: on a snapshot if it reads, under the lock of its record if it changes."""

    __slots__ = ("_session", "_steps", "_unit")

    def __init__(self, session: Session, unit: Waiting, clock: Clock, observer: Observer) -> None:
        """Take this unit."""
        self._session = session
        self._unit = unit
        self._steps = Transaction(session, clock, observer)

    def answer(self) -> None:
        """Decide, run, trace, commit, and only then answer; a unit that cannot be committed fails."""
        self._unit.take()
        try:
            self._repeat()
        except BaseException as error:  # noqa: BLE001 - whatever it was, nobody may be answered as if it were kept
            self._session.abandon()
            self._unit.fail(error)
        else:
            self._unit.answer()

    def _repeat(self) -> None:
        locked = self._unit.unit.locks
        met: Contended | None = None
        for _ in range(ATTEMPTS):
            try:
                if self._committed(locked):
                    return
                # What was meant to read has turned out to write.
                locked = self._unit.unit.keys[0].record
            except Contended as error:
                self._session.abandon()
                met = error
                time.sleep(random.random() * LONGEST_PAUSE)  # noqa: S311 - no secret hangs on it
        # INVARIANT: a call that is given up is traced like every other; this fails too if even that cannot be.
        self._committed(locked, met)

    def _committed(self, locked: str | None, error: Contended | None = None) -> bool:
        """One attempt; false if it must be made again under a lock."""
        unit = self._unit
        unit.failure = None
        unit.late = unit.late or time.monotonic() > unit.unit.deadline
        self._session.begin(snapshot=locked is None)
        if locked is not None:
            self._lock(locked)
        self._steps.decide([unit])
        if unit.to_run and unit.changing and unit.unit.keys and locked is None:
            self._session.abandon()
            return False
        self._steps.settle(unit, error)
        self._steps.keep([unit])
        return True

    def _lock(self, record: str) -> None:
        """Hold the record, or its place where there is none, until the end of the transaction."""
        # INVARIANT: before the facts are read, so that nothing that they say changes until the commit.
        if self._session.row(_LOCK, {"ins": record}) is None:
            self._session.row(_CLAIM, {"ins": record})
            # Whoever held the place may have filled it.
            self._session.row(_LOCK, {"ins": record})
