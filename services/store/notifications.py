"""What an addressee is told of: never anything medical, never a document (NTF-06)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import and_, bindparam, select

from services.store import clock, paging, sql
from services.store.envelope import Key, open_texts, seal_texts
from services.store.errors import UnknownCursor
from services.store.keys import KeyStore
from services.store.paging import Page
from services.store.savepoint import Row, Savepoint
from services.store.tables import notifications

_ADD = sql.inserted(notifications, "number")
_HIS = and_(sql.given(notifications.c.record), sql.given(notifications.c.addressee))
_TOLD = sql.Statement(select(notifications.c.number).where(and_(_HIS, sql.given(notifications.c.once))))
_PLACE = sql.Statement(select(notifications.c.number).where(and_(_HIS, sql.given(notifications.c.id))))
_LIST = sql.Statement(
    select(
        notifications.c.id,
        notifications.c.record,
        notifications.c.addressee,
        notifications.c.code,
        notifications.c.at,
        notifications.c.actor,
        notifications.c.mode,
        notifications.c.decision_id,
        notifications.c.sealed,
    )
    .where(_HIS, notifications.c.number < bindparam("before"))
    .order_by(notifications.c.number.desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What happened to a record, for one addressee."""

    record: str
    addressee: str
    """The holder (his INS, as the record), or the professional to be told."""
    code: str
    """The obligation or event, e.g. NOTIFY_HOLDER."""
    at: datetime
    actor: str
    actor_name: str | None
    actor_profession: str | None
    actor_structure: str | None
    mode: str
    decision_id: str
    """The decision to which the news belongs, for whoever asks to have it explained."""


@dataclass(frozen=True, slots=True)
class Notification:
    """News as stored, under an id that may be shown."""

    id: str
    news: News


def _place(record: str, notification: str) -> tuple[str, ...]:
    return ("notification", record, notification)


def _notification(row: Row, key: Key) -> Notification:
    identifier, record, addressee, code, at, actor, mode, decision_id, sealed = row
    name, profession, structure = open_texts(key, sealed, *_place(record, identifier))
    news = News(
        record=record,
        addressee=addressee,
        code=code,
        at=clock.moment(at),
        actor=actor,
        actor_name=name,
        actor_profession=profession,
        actor_structure=structure,
        mode=mode,
        decision_id=decision_id,
    )
    return Notification(identifier, news)


class NotificationStore:
    """Notifications, by record and addressee."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, with the keys of its records."""
        self._savepoint = savepoint
        self._keys = keys

    def add(self, news: News, once: str) -> bool:
        """Tell the addressee, unless he was told under the same `once` key already; whether he is told now."""
        if self._savepoint.row(_TOLD, record=news.record, addressee=news.addressee, once=once) is not None:
            return False
        identifier = str(uuid4())
        personal = (news.actor_name, news.actor_profession, news.actor_structure)
        self._savepoint.change(
            _ADD,
            id=identifier,
            record=news.record,
            addressee=news.addressee,
            code=news.code,
            once=once,
            at=clock.micros(news.at),
            actor=news.actor,
            mode=news.mode,
            decision_id=news.decision_id,
            sealed=seal_texts(self._keys.fields(news.record), personal, *_place(news.record, identifier)),
        )
        return True

    def list(self, record: str, addressee: str, *, limit: int, after: str | None = None) -> Page[Notification]:
        """What this addressee was told, newest first, after the notification of id `after`; raises UnknownCursor."""
        before = paging.LAST if after is None else self._number(record, addressee, after)
        rows = self._savepoint.rows(_LIST, record=record, addressee=addressee, before=before, limit=limit + 1)
        key = self._keys.fields(record)
        return paging.page(rows, limit, lambda row: _notification(row, key))

    def _number(self, record: str, addressee: str, after: str) -> int:
        row = self._savepoint.row(_PLACE, record=record, addressee=addressee, id=after)
        if row is None:
            raise UnknownCursor("there is no such notification to continue from")
        return int(row[0])
