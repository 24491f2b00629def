"""The record's own life, and the oppositions of its holder to emergency access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, and_, bindparam, delete, or_, select, update

from services.store import clock, sql
from services.store.due import Due
from services.store.errors import NotStored, StateConflict
from services.store.keys import KeyStore
from services.store.savepoint import Savepoint
from services.store.tables import Text, oppositions, records

_CREATE = sql.inserted(records)
_CLEAR_TOMBSTONE = sql.Statement(delete(records).where(and_(sql.given(records.c.ins), records.c.state == "DESTROYED")))
_STATUS = sql.Statement(
    select(
        records.c.state,
        records.c.closed_at,
        records.c.holder_birth_date,
        records.c.deceased,
        records.c.protection,
        records.c.revision,
        records.c.created_at,
    ).where(sql.given(records.c.ins))
)
_RAISE_REVISION = sql.Statement(
    update(records).where(sql.given(records.c.ins, "record")).values(revision=records.c.revision + 1)
)
_CLOSE = sql.Statement(
    update(records)
    .where(sql.given(records.c.ins, "record"), or_(records.c.state == "ACTIVE", records.c.state == "SUSPENDED"))
    .values(state="CLOSED", closed_at=bindparam("now"), revision=records.c.revision + 1)
)
_REOPEN = sql.Statement(
    update(records)
    .where(sql.given(records.c.ins, "record"), records.c.state == "CLOSED")
    .values(state="ACTIVE", closed_at=None, closure_motive=None, retained_until=None, revision=records.c.revision + 1)
)
_SET_DECEASED = sql.Statement(
    update(records)
    .where(sql.given(records.c.ins, "record"))
    .values(deceased=bindparam("dead", type_=Boolean), revision=records.c.revision + 1)
)
_PROTECT = sql.Statement(
    update(records)
    .where(sql.given(records.c.ins, "record"))
    .values(protection=bindparam("measure", type_=Text), revision=records.c.revision + 1)
)
_SET_MOTIVE = sql.Statement(
    update(records).where(sql.given(records.c.ins, "record")).values(closure_motive=bindparam("motive", type_=Text))
)
_RETAIN = sql.Statement(
    update(records)
    .where(sql.given(records.c.ins, "record"))
    .values(retained_until=bindparam("until", type_=BigInteger))
)
_DUE = Due(
    records.c.ins,
    and_(records.c.state == "CLOSED", records.c.retained_until <= bindparam("now", type_=BigInteger)),
)
_OPPOSED = sql.Statement(
    select(oppositions.c.code).where(and_(sql.given(oppositions.c.record), sql.given(oppositions.c.code)))
)
_OPPOSE = sql.inserted(oppositions)
_LIFT = sql.Statement(delete(oppositions).where(and_(sql.given(oppositions.c.record), sql.given(oppositions.c.code))))


@dataclass(frozen=True, slots=True)
class Record:
    """A record as stored."""

    record: str
    state: str
    closed_at: datetime | None
    holder_birth_date: date
    deceased: bool
    protection: str
    revision: int
    created_at: datetime


def raise_revision(savepoint: Savepoint, record: str) -> None:
    """Count one more change of a fact that decisions read; raises NotStored without such a record."""
    if not savepoint.change(_RAISE_REVISION, record=record):
        raise NotStored("there is no such record")


class RecordStore:
    """Records, by their holder's INS."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, and draw the keys of new records."""
        self._savepoint = savepoint
        self._keys = keys

    def create(self, record: str, *, holder_birth_date: date, protection: str, at: datetime) -> None:
        """Open an ACTIVE record, in place of a destroyed one's tombstone if need be; raises StateConflict (LIF-04)."""
        self._savepoint.change(_CLEAR_TOMBSTONE, ins=record)
        if self.status(record) is not None:
            raise StateConflict("the record exists already")
        self._savepoint.change(
            _CREATE,
            ins=record,
            key=self._keys.create(record),
            state="ACTIVE",
            closed_at=None,
            closure_motive=None,
            retained_until=None,
            holder_birth_date=holder_birth_date.isoformat(),
            deceased=False,
            protection=protection,
            revision=1,
            created_at=clock.micros(at),
        )

    def status(self, record: str) -> Record | None:
        """The record, if it is stored."""
        row = self._savepoint.row(_STATUS, ins=record)
        if row is None:
            return None
        state, closed_at, birth, deceased, protection, revision, created_at = row
        return Record(
            record=record,
            state=state,
            closed_at=clock.moment_or_none(closed_at),
            holder_birth_date=date.fromisoformat(birth),
            deceased=bool(deceased),
            protection=protection,
            revision=revision,
            created_at=clock.moment(created_at),
        )

    def close(self, record: str, at: datetime) -> None:
        """ACTIVE or SUSPENDED becomes CLOSED (LIF-06, LIF-13); raises StateConflict for any other state."""
        if not self._savepoint.change(_CLOSE, record=record, now=clock.micros(at)):
            raise StateConflict("the record is closed already")

    def set_deceased(self, record: str, *, deceased: bool) -> None:
        """Keep that the holder is dead, or is not; raises NotStored without such a record."""
        if not self._savepoint.change(_SET_DECEASED, record=record, dead=deceased):
            raise NotStored("there is no such record")

    def set_protection(self, record: str, measure: str) -> None:
        """Keep the measure that protects an adult holder, or none; raises NotStored without such a record."""
        if not self._savepoint.change(_PROTECT, record=record, measure=measure):
            raise NotStored("there is no such record")

    def set_closure(self, record: str, motive: str) -> None:
        """Keep why a record was closed, by a code of 1.2.250.1.213.4.1.2.4."""
        self._savepoint.change(_SET_MOTIVE, record=record, motive=motive)

    def retain(self, record: str, until: datetime | None) -> None:
        """Keep a closed record until then (LIF-10); for ever without a time."""
        self._savepoint.change(_RETAIN, record=record, until=None if until is None else clock.micros(until))

    def due(self, now: datetime, *, passed_over: int, limit: int) -> tuple[int, tuple[str, ...]]:
        """As Due: the closed records that need not be kept any longer (LIF-10)."""
        return _DUE.page(self._savepoint, now, passed_over=passed_over, limit=limit)

    def reactivate(self, record: str) -> None:
        """CLOSED becomes ACTIVE (LIF-09); raises StateConflict for any other state."""
        if not self._savepoint.change(_REOPEN, record=record):
            raise StateConflict("the record is not closed")

    def set_opposition(self, record: str, code: str, *, collector: str, at: datetime) -> bool:
        """Oppose an emergency mode (CNS-04); whether this changed anything."""
        if self._savepoint.row(_OPPOSED, record=record, code=code) is not None:
            return False
        raise_revision(self._savepoint, record)
        self._savepoint.change(_OPPOSE, record=record, code=code, collector=collector, set_at=clock.micros(at))
        return True

    def unset_opposition(self, record: str, code: str) -> bool:
        """Lift an opposition; whether this changed anything."""
        if not self._savepoint.change(_LIFT, record=record, code=code):
            return False
        raise_revision(self._savepoint, record)
        return True
