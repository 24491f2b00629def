"""Emergency accesses: started by one person on one record, for three hours at most, ended by him or by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import BigInteger, and_, bindparam, case, select, update

from services.store import clock, sql
from services.store.due import Due
from services.store.envelope import Key, open_texts, seal_texts
from services.store.errors import NotStored, StateConflict
from services.store.keys import KeyStore
from services.store.records import raise_revision
from services.store.savepoint import Row, Savepoint
from services.store.tables import emergency_accesses as accesses

_START = sql.inserted(accesses)
_OPEN = and_(sql.given(accesses.c.record), sql.given(accesses.c.person), accesses.c.ended_at.is_(None))
_COLUMNS = (
    accesses.c.id,
    accesses.c.record,
    accesses.c.person,
    accesses.c.mode,
    accesses.c.patient_unable,
    accesses.c.immediate_risk,
    accesses.c.started_at,
    accesses.c.expires_at,
    accesses.c.sealed,
)
_LIVE = sql.Statement(select(*_COLUMNS).where(and_(_OPEN, accesses.c.expires_at > bindparam("now"))))
_CLOSE_EXPIRED = sql.Statement(
    update(accesses)
    .where(and_(_OPEN, accesses.c.expires_at <= bindparam("now")))
    .values(ended_at=accesses.c.expires_at)
)
_PAST = and_(accesses.c.ended_at.is_(None), accesses.c.expires_at <= bindparam("now"))
_END_EXPIRED = sql.Statement(
    update(accesses).where(sql.given(accesses.c.record), _PAST).values(ended_at=accesses.c.expires_at)
)
_DUE = Due(accesses.c.record, _PAST)
_OF_ID = sql.Statement(
    select(accesses.c.record, accesses.c.started_at).where(
        and_(sql.given(accesses.c.id), sql.given(accesses.c.person), accesses.c.ended_at.is_(None))
    )
)
_END = sql.Statement(update(accesses).where(sql.given(accesses.c.id)).values(ended_at=bindparam("now")))


_NOW = bindparam("now", type_=BigInteger)
# The wall clock may have been set back since the start.
_ENDING = case(
    (accesses.c.expires_at < _NOW, accesses.c.expires_at),
    (accesses.c.started_at > _NOW, accesses.c.started_at),
    else_=_NOW,
)
_END_ALL = sql.Statement(
    update(accesses).where(and_(sql.given(accesses.c.record), accesses.c.ended_at.is_(None))).values(ended_at=_ENDING)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStart:
    """What the person declares who breaks the glass or answers an emergency call."""

    record: str
    person: str
    mode: str
    """bris_de_glace or centre_15."""
    reason: str
    """Verbatim (MOD-04)."""
    call_ref: str
    patient_unable: bool
    immediate_risk: bool
    started_at: datetime
    expires_at: datetime
    """At most three hours after the start."""


@dataclass(frozen=True, slots=True)
class EmergencyAccess:
    """An emergency access as stored."""

    id: str
    start: EmergencyStart


def declared(key: Key, sealed: bytes, record: str, emergency: str) -> tuple[str, str]:
    """The reason and the reference of the emergency call; raises Unreadable."""
    reason, call_ref = open_texts(key, sealed, *_place(record, emergency))
    return reason, call_ref


def _place(record: str, emergency: str) -> tuple[str, ...]:
    return ("emergency", record, emergency)


def _access(row: Row, key: Key) -> EmergencyAccess:
    emergency, record, person, mode, unable, risk, started_at, expires_at, sealed = row
    reason, call_ref = declared(key, sealed, record, emergency)
    start = EmergencyStart(
        record=record,
        person=person,
        mode=mode,
        reason=reason,
        call_ref=call_ref,
        patient_unable=bool(unable),
        immediate_risk=bool(risk),
        started_at=clock.moment(started_at),
        expires_at=clock.moment(expires_at),
    )
    return EmergencyAccess(emergency, start)


class EmergencyStore:
    """Emergency accesses, at most one open per person and record."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, with the keys of its records."""
        self._savepoint = savepoint
        self._keys = keys

    def start(self, start: EmergencyStart) -> EmergencyAccess:
        """Open an access; raises StateConflict while one of this person on this record is live."""
        now = clock.micros(start.started_at)
        self._savepoint.change(_CLOSE_EXPIRED, record=start.record, person=start.person, now=now)
        if self.live(start.record, start.person, start.started_at) is not None:
            raise StateConflict("an emergency access is live already")
        raise_revision(self._savepoint, start.record)
        emergency = str(uuid4())
        self._savepoint.change(
            _START,
            id=emergency,
            record=start.record,
            person=start.person,
            mode=start.mode,
            patient_unable=start.patient_unable,
            immediate_risk=start.immediate_risk,
            started_at=now,
            expires_at=clock.micros(start.expires_at),
            ended_at=None,
            sealed=seal_texts(
                self._keys.fields(start.record), (start.reason, start.call_ref), *_place(start.record, emergency)
            ),
        )
        return EmergencyAccess(emergency, start)

    def end(self, emergency: str, person: str, at: datetime) -> None:
        """Close an access of this person now; raises NotStored if it is not his, or not open."""
        row = self._savepoint.row(_OF_ID, id=emergency, person=person)
        if row is None:
            raise NotStored("there is no such open emergency access")
        record, started_at = row
        raise_revision(self._savepoint, record)
        # The wall clock may have been set back since the start.
        self._savepoint.change(_END, id=emergency, now=max(clock.micros(at), started_at))

    def end_all(self, record: str, at: datetime) -> None:
        """Close every access to a record that is still open."""
        self._savepoint.change(_END_ALL, record=record, now=clock.micros(at))

    def end_expired(self, record: str, now: datetime) -> None:
        """Note the end of those to a record whose time has passed; they decided nothing any more."""
        self._savepoint.change(_END_EXPIRED, record=record, now=clock.micros(now))

    def due(self, now: datetime, *, passed_over: int, limit: int) -> tuple[int, tuple[str, ...]]:
        """As Due: the records with accesses to end."""
        return _DUE.page(self._savepoint, now, passed_over=passed_over, limit=limit)

    def live(self, record: str, person: str, at: datetime) -> EmergencyAccess | None:
        """The access that decides the mode of this person's calls on this record, if one is open and not expired."""
        row = self._savepoint.row(_LIVE, record=record, person=person, now=clock.micros(at))
        return None if row is None else _access(row, self._keys.fields(record))
