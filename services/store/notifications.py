"""What an addressee is told of: never anything medical, never a document (NTF-06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select

from policy.model import Predicate
from services.store import clock, listing, paging, sql
from services.store.envelope import Key, open_texts, seal_texts
from services.store.errors import UnknownCursor
from services.store.keys import KeyStore
from services.store.outbox_tables import deliveries
from services.store.paging import Page
from services.store.savepoint import Row, Savepoint
from services.store.tables import documents, notifications

_ADD = sql.inserted(notifications, "number")
_HIS = and_(sql.given(notifications.c.record), sql.given(notifications.c.addressee))
_TOLD = sql.Statement(select(notifications.c.number).where(and_(_HIS, sql.given(notifications.c.once))))
_PLACE = sql.Statement(select(notifications.c.number).where(and_(_HIS, sql.given(notifications.c.id))))
_WAIT = sql.inserted(deliveries)
_SHOWN = (
    notifications.c.id,
    notifications.c.record,
    notifications.c.addressee,
    notifications.c.code,
    notifications.c.at,
    notifications.c.actor,
    notifications.c.mode,
    notifications.c.decision_id,
    notifications.c.document,
    notifications.c.sealed,
)


def _readable(kept: listing.Kept) -> ColumnElement[bool]:
    """The addressee's own, but for what tells of a document that does not satisfy the predicate."""
    of_document = and_(
        documents.c.record == notifications.c.record,
        documents.c.logical_id == notifications.c.document,
        kept.condition(),
    )
    return and_(_HIS, or_(notifications.c.document.is_(None), exists().where(of_document)))


@lru_cache(listing.SHAPES)
def _listed(kept: listing.Kept) -> sql.Statement:
    newest_first = select(*_SHOWN).order_by(notifications.c.number.desc()).limit(bindparam("limit"))
    return sql.Statement(newest_first.where(_readable(kept), notifications.c.number < bindparam("before")))


@lru_cache(listing.SHAPES)
def _placed(kept: listing.Kept) -> sql.Statement:
    return sql.Statement(select(notifications.c.number).where(_readable(kept), sql.given(notifications.c.id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom the rules are asked about when an addressee is told."""

    id: str
    kind: str
    authn_mode: str
    profession: str | None = None
    structure: str | None = None
    own: str | None = None
    """Of a professional, his INS as a patient: of his own record he is told what a patient is (ACT-05)."""

    def columns(self) -> dict[str, str | None]:
        """As stored, but for the id."""
        return {
            "kind": self.kind,
            "profession": self.profession,
            "structure": self.structure,
            "own": self.own,
            "authn_mode": self.authn_mode,
        }


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
    document: str | None = None
    """The logical id of what must not be hidden from whoever is told; nothing where the record is told of."""


@dataclass(frozen=True, slots=True)
class Notification:
    """News as stored, under an id that may be shown."""

    id: str
    news: News


def _place(record: str, notification: str) -> tuple[str, ...]:
    return ("notification", record, notification)


def _notification(row: Row, key: Key) -> Notification:
    identifier, record, addressee, code, at, actor, mode, decision_id, document, sealed = row
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
        document=document,
    )
    return Notification(identifier, news)


class NotificationStore:
    """Notifications, by record and addressee."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, with the keys of its records."""
        self._savepoint = savepoint
        self._keys = keys

    def add(self, news: News, once: str, reader: Reader) -> bool:
        """Tell the addressee, unless he was told under the same `once` key already; whether he is told now.

        It waits to be handed on from now on, to the reader as whom the addressee then is.
        """
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
            document=news.document,
            sealed=seal_texts(self._keys.fields(news.record), personal, *_place(news.record, identifier)),
        )
        self._wait(news, identifier, reader)
        return True

    def list(
        self, record: str, addressee: str, predicate: Predicate, *, limit: int, after: str | None = None
    ) -> Page[Notification]:
        """What this addressee was told, newest first, after the notification of id `after`; raises UnknownCursor.

        What tells of a document that does not satisfy the predicate is left out.
        """
        kept = listing.Kept(predicate)
        given = {"record": record, "addressee": addressee, **listing.parameters(predicate)}
        before = paging.LAST if after is None else self._number(_placed(kept), after, given)
        rows = self._savepoint.rows(_listed(kept), before=before, limit=limit + 1, **given)
        key = self._keys.fields(record)
        return paging.page(rows, limit, lambda row: _notification(row, key))

    def _wait(self, news: News, identifier: str, reader: Reader) -> None:
        self._savepoint.change(
            _WAIT,
            number=self._number(_PLACE, identifier, {"record": news.record, "addressee": news.addressee}),
            record=news.record,
            state="WAITING",
            attempts=0,
            due_at=clock.micros(news.at),
            settled_at=None,
            **reader.columns(),
        )

    def _number(self, statement: sql.Statement, notification: str, given: Mapping[str, Any]) -> int:
        row = self._savepoint.row(statement, id=notification, **given)
        if row is None:
            raise UnknownCursor("there is no such notification to continue from")
        return int(row[0])
