"""The outbox: which notifications wait to be handed on, who takes them next, and what became of them.

A notification that is taken is due again a while later, so that one whose taker was killed is handed on again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, and_, bindparam, func, literal_column, or_, select, update

from services.store import clock, sql
from services.store.notifications import Reader
from services.store.outbox_tables import deliveries
from services.store.savepoint import Row, Savepoint
from services.store.tables import Text, notifications

if TYPE_CHECKING:
    from services.store.unit_of_work import Facts

DELIVERED, PARKED, LAPSED = "DELIVERED", "PARKED", "LAPSED"

_NOW = bindparam("now", type_=BigInteger)
_DUE = deliveries.c.due_at <= _NOW
_TAKEN = (
    deliveries.c.number,
    notifications.c.id,
    notifications.c.addressee,
    notifications.c.code,
    notifications.c.at,
    notifications.c.document,
    deliveries.c.attempts,
    deliveries.c.kind,
    deliveries.c.authn_mode,
    deliveries.c.profession,
    deliveries.c.structure,
    deliveries.c.own,
)
_OF_RECORD = sql.given(deliveries.c.record)
_NEXT = sql.Statement(
    select(*_TAKEN)
    .where(deliveries.c.number == notifications.c.number, _OF_RECORD, _DUE)
    .order_by(deliveries.c.number)
    .limit(bindparam("limit"))
)
_TAKE = sql.Statement(
    update(deliveries)
    .where(sql.given(deliveries.c.number))
    .values(attempts=deliveries.c.attempts + 1, due_at=bindparam("until", type_=BigInteger))
)
# Written out, so that the index of what is parked serves.
_PARKED = deliveries.c.state == literal_column(f"'{PARKED}'", Text)
_OPEN = or_(deliveries.c.state == "WAITING", _PARKED)
_NAMED = and_(
    _OF_RECORD,
    deliveries.c.state == "WAITING",
    deliveries.c.number.in_(
        select(notifications.c.number).where(sql.given(notifications.c.record), sql.given(notifications.c.id))
    ),
)
_SETTLED = {"state": bindparam("new_state", type_=Text), "due_at": None, "settled_at": _NOW}
_SETTLE = sql.Statement(update(deliveries).where(_NAMED).values(_SETTLED))
_LAPSE_ALL = sql.Statement(update(deliveries).where(_OF_RECORD, _OPEN).values(_SETTLED))
# Who is whose patient is of the record, and goes with it.
_FORGET = sql.Statement(update(deliveries).where(_OF_RECORD).values(own=None))
_PUT_OFF = sql.Statement(update(deliveries).where(_NAMED).values(due_at=bindparam("until", type_=BigInteger)))
_REQUEUE = sql.Statement(
    update(deliveries).where(_OF_RECORD, _PARKED).values(state="WAITING", attempts=0, due_at=_NOW, settled_at=None)
)
_COUNT_DUE = sql.Statement(select(func.count(deliveries.c.record.distinct())).where(_DUE))
# In the order in which what waits has happened.
_RECORDS_DUE = sql.Statement(
    select(deliveries.c.record)
    .where(_DUE)
    .group_by(deliveries.c.record)
    .order_by(func.min(deliveries.c.number))
    .limit(bindparam("limit"))
    .offset(bindparam("passed_over"))
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notification that was taken to be handed on."""

    id: str
    code: str
    at: datetime
    document: str | None
    """As News."""
    attempts: int
    """How often it was taken, this time included."""
    reader: Reader


class OutboxStore:
    """What waits to be handed on, by record."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def due(self, now: datetime, *, passed_over: int, limit: int) -> tuple[int, tuple[str, ...]]:
        """How many records have something to hand on, and the next of them, the longest waiting first."""
        at = clock.micros(now)
        counted = self._savepoint.row(_COUNT_DUE, now=at)
        rows = self._savepoint.rows(_RECORDS_DUE, now=at, limit=limit, passed_over=passed_over)
        return int(counted[0]) if counted else 0, tuple(row[0] for row in rows)

    def take(self, record: str, now: datetime, *, until: datetime, limit: int) -> tuple[Waiting, ...]:
        """The next of a record in the order in which they happened; nobody else is given them until then."""
        rows = self._savepoint.rows(_NEXT, record=record, now=clock.micros(now), limit=limit)
        self._savepoint.change_many(_TAKE, [{"number": row[0], "until": clock.micros(until)} for row in rows])
        return tuple(map(_waiting, rows))

    def facts_of(self, record: str, reader: Reader, at: datetime, document: str | None) -> Facts:
        """What the rules are told of somebody who is to be told: what they say of him, a handler does not decide."""
        # Imported here, for both read the types that hold this store.
        from services.store.facts import facts_many  # noqa: PLC0415
        from services.store.unit_of_work import FactsKey  # noqa: PLC0415

        [facts] = facts_many(
            self._savepoint, [FactsKey(record, reader.id, reader.structure, at, document, own=reader.own)]
        )
        return facts

    def settle(self, record: str, notification: str, state: str, at: datetime) -> None:
        """DELIVERED, PARKED or LAPSED; what another has settled meanwhile stays as it is."""
        self._savepoint.change(_SETTLE, record=record, id=notification, new_state=state, now=clock.micros(at))

    def put_off(self, record: str, notification: str, until: datetime) -> None:
        """Hand it on again, not before then."""
        self._savepoint.change(_PUT_OFF, record=record, id=notification, until=clock.micros(until))

    def lapse_all(self, record: str, at: datetime) -> None:
        """Nobody is told any more of a record that is gone."""
        self._savepoint.change(_LAPSE_ALL, record=record, new_state=LAPSED, now=clock.micros(at))
        self._savepoint.change(_FORGET, record=record)

    def requeue(self, record: str, now: datetime) -> None:
        """Begin anew with what was parked."""
        self._savepoint.change(_REQUEUE, record=record, now=clock.micros(now))


class ParkedSource:
    """The records of which something is parked."""

    _COUNT = sql.Statement(select(func.count(deliveries.c.record.distinct())).where(_PARKED))
    _PAGE = sql.Statement(
        select(deliveries.c.record)
        .where(_PARKED)
        .group_by(deliveries.c.record)
        .order_by(deliveries.c.record)
        .limit(bindparam("limit"))
        .offset(bindparam("passed_over"))
    )

    def __init__(self, savepoint: Savepoint) -> None:
        """Look through this savepoint."""
        self._savepoint = savepoint

    def due(self, now: datetime, *, passed_over: int, limit: int) -> tuple[int, tuple[str, ...]]:  # noqa: ARG002 - whenever
        """How many they are, and the next of them."""
        counted = self._savepoint.row(self._COUNT)
        rows = self._savepoint.rows(self._PAGE, limit=limit, passed_over=passed_over)
        return int(counted[0]) if counted else 0, tuple(row[0] for row in rows)


def _waiting(row: Row) -> Waiting:
    _, identifier, addressee, code, at, document, attempts, kind, authn_mode, profession, structure, own = row
    reader = Reader(id=addressee, kind=kind, authn_mode=authn_mode, profession=profession, structure=structure, own=own)
    return Waiting(identifier, code, clock.moment(at), document, attempts + 1, reader)
