"""Epochs, of one master key each: a new one begins every night, so that older copies of the keys open nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, and_, bindparam, exists, func, not_, select, update

from services.store import clock, sql
from services.store.keyring import record_place
from services.store.keys import REWRAP_RECORD
from services.store.savepoint import Savepoint
from services.store.tables import key_epochs, record_keys

_ADD = sql.inserted(key_epochs)
_NEWEST = sql.Statement(select(func.coalesce(func.max(key_epochs.c.number), 0)))
# Waits for whoever wraps a key by the current epoch, so that none is missed later.
_END = sql.Statement(update(key_epochs).where(key_epochs.c.current).values(current=False))
_CURRENT = sql.Statement(select(key_epochs.c.number, key_epochs.c.begun_at).where(key_epochs.c.current))
_OLD = record_keys.c.epoch < bindparam("current", type_=BigInteger)
_LEFT = sql.Statement(select(func.count()).select_from(record_keys).where(_OLD))
_TOTAL = sql.Statement(select(func.count()).select_from(record_keys))
_NEXT = sql.Statement(
    select(record_keys.c.record, record_keys.c.id, record_keys.c.epoch, record_keys.c.wrapped)
    .where(_OLD)
    .order_by(record_keys.c.epoch, record_keys.c.record)
    .limit(bindparam("limit"))
    .with_for_update()
)
_WRAPS_NOTHING = not_(exists().where(record_keys.c.epoch == key_epochs.c.number))
_RETIRE = sql.Statement(
    update(key_epochs)
    .where(
        and_(
            not_(key_epochs.c.current),
            key_epochs.c.destroyed_at.is_(None),
            _WRAPS_NOTHING,
        )
    )
    .values(destroyed_at=bindparam("at", type_=BigInteger))
)
# Asked anew, for the transaction that noted it may not have seen what was committed beside it.
_RETIRED = sql.Statement(select(key_epochs.c.number).where(key_epochs.c.destroyed_at.is_not(None), _WRAPS_NOTHING))
_USED = sql.Statement(select(record_keys.c.epoch).distinct())


class EpochStore:
    """The epochs whose master keys wrap the records' keys."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def current(self) -> int:
        """The epoch that new keys are wrapped by; 0 before the first."""
        row = self._savepoint.row(_CURRENT)
        return 0 if row is None else int(row[0])

    def begin(self, at: datetime) -> int:
        """Begin an epoch, and end the one before; its number."""
        newest = self._savepoint.row(_NEWEST)
        number = self._savepoint.keyring.provider.begin(0 if newest is None else int(newest[0]))
        self._savepoint.change(_END)
        self._savepoint.change(_ADD, number=number, current=True, begun_at=clock.micros(at), destroyed_at=None)
        return number

    def lost(self) -> frozenset[int]:
        """The epochs that keys are wrapped by, and whose master keys are not kept."""
        return frozenset(int(row[0]) for row in self._savepoint.rows(_USED)) - self._savepoint.keyring.provider.epochs()

    def left(self) -> int:
        """How many records' keys are wrapped by an older epoch."""
        row = self._savepoint.row(_LEFT, current=self.current())
        return 0 if row is None else int(row[0])

    def total(self) -> int:
        """How many records' keys there are."""
        row = self._savepoint.row(_TOTAL)
        return 0 if row is None else int(row[0])

    def rewrap(self, limit: int) -> int:
        """Wrap so many of them by the current epoch; how many were."""
        keyring, current = self._savepoint.keyring, self.current()
        master = keyring.master(current)
        rows = self._savepoint.rows(_NEXT, current=current, limit=limit)
        self._savepoint.change_many(REWRAP_RECORD, [
            {
                "named": record,
                "by": current,
                "anew": master.seal(keyring.master(epoch).open(bytes(old), *record_place(name)), *record_place(name)),
            }
            for record, name, epoch, old in rows
        ])  # fmt: skip
        return len(rows)

    def retire(self, at: datetime) -> None:
        """Note that nothing is wrapped by the older epochs any more."""
        self._savepoint.change(_RETIRE, at=clock.micros(at))

    def destroy_retired(self) -> int:
        """Destroy the master keys that were noted so before; how many there were.

        INVARIANT: not in the transaction that notes it, which might not be kept, while the keys would be gone; and only
        what wraps nothing now, when every transaction that could wrap by it has ended.
        """
        provider = self._savepoint.keyring.provider
        gone = {int(row[0]) for row in self._savepoint.rows(_RETIRED)} & provider.epochs()
        for number in sorted(gone):
            provider.destroy(number)
        if gone:
            self._savepoint.keyring.forget()
        return len(gone)
