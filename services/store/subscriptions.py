"""Who is alerted of deposits into a record: its holder, or a professional (NTF-03)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, select

from services.store import clock, sql
from services.store.notifications import Reader
from services.store.outbox_tables import subscriptions
from services.store.savepoint import Savepoint

_HIS = and_(sql.given(subscriptions.c.record), sql.given(subscriptions.c.person))
_ADD = sql.inserted(subscriptions)
_END = sql.Statement(delete(subscriptions).where(_HIS))
_END_ALL = sql.Statement(delete(subscriptions).where(sql.given(subscriptions.c.record)))
_OF_RECORD = sql.Statement(
    select(
        subscriptions.c.person,
        subscriptions.c.kind,
        subscriptions.c.authn_mode,
        subscriptions.c.profession,
        subscriptions.c.structure,
        subscriptions.c.own,
    )
    .where(sql.given(subscriptions.c.record))
    .order_by(subscriptions.c.person)
)


class SubscriptionStore:
    """Subscriptions, one a person and record."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Work inside this savepoint."""
        self._savepoint = savepoint

    def begin(self, record: str, reader: Reader, at: datetime) -> None:
        """Alert this reader from now on, as he is now."""
        self.end(record, reader.id)
        self._savepoint.change(_ADD, record=record, person=reader.id, since=clock.micros(at), **reader.columns())

    def end(self, record: str, person: str) -> None:
        """Alert this person no more."""
        self._savepoint.change(_END, record=record, person=person)

    def end_all(self, record: str) -> None:
        """Alert nobody of a record that is gone."""
        self._savepoint.change(_END_ALL, record=record)

    def readers(self, record: str) -> tuple[Reader, ...]:
        """Who is subscribed, by his id."""
        return tuple(
            Reader(id=person, kind=kind, authn_mode=authn_mode, profession=profession, structure=structure, own=own)
            for person, kind, authn_mode, profession, structure, own in self._savepoint.rows(_OF_RECORD, record=record)
        )
