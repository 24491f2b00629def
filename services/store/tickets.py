"""Tickets: what the host's doctor was asked to do, once, on one record or document, within a time."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, exists, literal, or_, select, update

from policy.model import Predicate
from services.store import clock, listing, paging, sql
from services.store.due import Due
from services.store.errors import NotStored, StateConflict, UnknownCursor
from services.store.keys import KeyStore
from services.store.paging import Page
from services.store.savepoint import Row, Savepoint
from services.store.tables import Text, documents, tickets
from services.store.touched import Handled

_OPEN = sql.inserted(tickets, "number")
_OF_ID = and_(sql.given(tickets.c.record), sql.given(tickets.c.id))
_SETTLE = sql.Statement(
    update(tickets)
    .where(_OF_ID, tickets.c.state == "OPEN", tickets.c.expires_at > bindparam("now", type_=BigInteger))
    .values(
        state=bindparam("new_state", type_=Text),
        settled_at=bindparam("now", type_=BigInteger),
        settled_by=bindparam("by", type_=Text),
        refusal=bindparam("why", type_=Text),
    )
)
_BEGIN = sql.Statement(
    update(tickets)
    .where(
        _OF_ID,
        tickets.c.state == "OPEN",
        tickets.c.expires_at > bindparam("now", type_=BigInteger),
        or_(tickets.c.settled_by.is_(None), tickets.c.settled_by == bindparam("by", type_=Text)),
    )
    .values(settled_by=bindparam("by", type_=Text))
)
_FINISH = sql.Statement(
    update(tickets)
    .where(
        _OF_ID,
        tickets.c.state == "OPEN",
        tickets.c.expires_at > bindparam("now", type_=BigInteger),
        tickets.c.settled_by.is_not(None),
    )
    .values(state="EXECUTED", settled_at=bindparam("now", type_=BigInteger))
)
_REVIEW = sql.Statement(update(tickets).where(_OF_ID).values(needs_review=True))
_SHOWN = (
    tickets.c.id,
    tickets.c.record,
    tickets.c.kind,
    tickets.c.document,
    tickets.c.beneficiary,
    tickets.c.opener,
    tickets.c.opener_kind,
    tickets.c.opened_at,
    tickets.c.expires_at,
    tickets.c.needs_review,
    tickets.c.state,
    tickets.c.settled_at,
    tickets.c.refusal,
)
_WAITING = and_(tickets.c.state == "OPEN", tickets.c.expires_at > bindparam("now", type_=BigInteger))
_QUEUE = sql.Statement(
    select(*_SHOWN)
    .where(_WAITING, tickets.c.number > bindparam("number", type_=BigInteger))
    .order_by(tickets.c.number)
    .limit(bindparam("limit"))
)
_SAME = sql.Statement(
    select(tickets.c.number).where(
        _WAITING,
        sql.given(tickets.c.record),
        sql.given(tickets.c.kind),
        sql.given(tickets.c.opener),
        tickets.c.document.is_not_distinct_from(bindparam("document", type_=Text)),
    )
)
_PAST = and_(tickets.c.state == "OPEN", tickets.c.expires_at <= bindparam("now", type_=BigInteger))
_PAST_OF_RECORD = sql.Statement(
    select(tickets.c.id, tickets.c.document).where(sql.given(tickets.c.record), _PAST).order_by(tickets.c.number)
)
_DOCUMENT = sql.Statement(select(tickets.c.document).where(_OF_ID))
_EXPIRE = sql.Statement(
    update(tickets).where(sql.given(tickets.c.record), _PAST).values(state="EXPIRED", settled_at=tickets.c.expires_at)
)
_STILL = and_(
    sql.given(tickets.c.record), tickets.c.state == "OPEN", tickets.c.id.is_distinct_from(bindparam("but", type_=Text))
)
_WAITING_ON = sql.Statement(select(tickets.c.id, tickets.c.document).where(_STILL).order_by(tickets.c.number))
_LAPSE = sql.Statement(
    update(tickets).where(_STILL).values(state="EXPIRED", settled_at=bindparam("at", type_=BigInteger))
)
_DUE = Due(tickets.c.record, _PAST)
_PLACE = sql.Statement(select(tickets.c.number).where(sql.given(tickets.c.id)))


def _readable(kept: listing.Kept) -> ColumnElement[bool]:
    """Those of the record, but for what was asked of a document that does not satisfy the predicate."""
    # A deleted document is told of as before its deletion: by its labels.
    condition = kept.condition(literal("Approved", Text))
    of_document = and_(documents.c.record == tickets.c.record, documents.c.logical_id == tickets.c.document, condition)
    return and_(sql.given(tickets.c.record), or_(tickets.c.document.is_(None), exists().where(of_document)))


@lru_cache(listing.SHAPES)
def _listed(kept: listing.Kept) -> sql.Statement:
    newest_first = select(*_SHOWN).order_by(tickets.c.number.desc()).limit(bindparam("limit"))
    return sql.Statement(newest_first.where(_readable(kept), tickets.c.number < bindparam("before")))


@lru_cache(listing.SHAPES)
def _placed(kept: listing.Kept) -> sql.Statement:
    return sql.Statement(select(tickets.c.number).where(_readable(kept), sql.given(tickets.c.id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody asks the host's doctor to do."""

    id: str
    """That of the decision that permitted to ask."""
    record: str
    kind: str
    """The action that the ticket permits."""
    document: str | None
    """The logical id; nothing where the whole record is meant."""
    beneficiary: str
    opener: str
    opener_kind: str
    opened_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ticket:
    """A request as stored."""

    request: Request
    needs_review: bool
    state: str
    """OPEN, EXECUTED, REFUSED or EXPIRED; an open one whose time has passed is told as expired."""
    settled_at: datetime | None
    refusal: str
    """Why it was refused, in the words of who refused; else empty."""


class TicketStore:
    """Tickets, always by their record, but for the queue of the host's doctor."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, with the keys of its records."""
        self._savepoint = savepoint
        self._keys = keys

    def open(self, request: Request) -> None:
        """Keep a new request; raises StateConflict while the same of the same person waits."""
        now = clock.micros(request.opened_at)
        same = {"record": request.record, "kind": request.kind, "opener": request.opener, "document": request.document}
        if self._savepoint.row(_SAME, now=now, **same) is not None:
            raise StateConflict("the same request waits already")
        self._savepoint.change(
            _OPEN,
            id=request.id,
            record=request.record,
            kind=request.kind,
            document=request.document,
            beneficiary=request.beneficiary,
            opener=request.opener,
            opener_kind=request.opener_kind,
            opened_at=now,
            expires_at=clock.micros(request.expires_at),
            needs_review=False,
            decision_id=request.id,
            state="OPEN",
            settled_at=None,
            settled_by=None,
            refusal=None,
        )
        self._savepoint.handled.append(Handled(request.id, request.document))

    def ask_for_review(self, record: str, ticket: str) -> None:
        """A person must look at it first (MANUAL_REVIEW)."""
        self._savepoint.change(_REVIEW, record=record, id=ticket)

    def execute(self, record: str, ticket: str, *, by: str, at: datetime) -> None:
        """It is done, and permits nothing more; raises NotStored if it is not open."""
        self._settle(record, ticket, "EXECUTED", by, at, None)

    def begin(self, record: str, ticket: str, *, by: str, at: datetime) -> None:
        """It is being done, by this person alone, and stays open; raises NotStored if it is not open to him."""
        self._change(_BEGIN, record, ticket, now=clock.micros(at), by=by)

    def finish(self, record: str, ticket: str, at: datetime) -> None:
        """What was begun is done, and permits nothing more; raises NotStored if nothing was or it is not open."""
        self._change(_FINISH, record, ticket, now=clock.micros(at))

    def refuse(self, record: str, ticket: str, *, by: str, at: datetime, why: str) -> None:
        """It will not be done; raises NotStored if it is not open."""
        self._settle(record, ticket, "REFUSED", by, at, why)

    def of_record(
        self, record: str, predicate: Predicate, now: datetime, *, limit: int, after: str | None = None
    ) -> Page[Ticket]:
        """Those of the whole record and of documents that satisfy the predicate, newest first; raises UnknownCursor."""
        kept = listing.Kept(predicate)
        given = {"record": record, **listing.parameters(predicate)}
        before = paging.LAST if after is None else self._number(_placed(kept), after, given)
        rows = self._savepoint.rows(_listed(kept), before=before, limit=limit + 1, **given)
        return paging.page(rows, limit, lambda row: _ticket(row, now, self._why(row)))

    def queue(self, now: datetime, *, limit: int, after: str | None = None) -> Page[Ticket]:
        """What waits to be done on any record, the oldest first, after the ticket of an id; raises UnknownCursor."""
        place = 0 if after is None else self._number(_PLACE, after, {})
        rows = self._savepoint.rows(_QUEUE, now=clock.micros(now), number=place, limit=limit + 1)
        return paging.page(rows, limit, lambda row: _ticket(row, now, ""))

    def expire(self, record: str, now: datetime) -> None:
        """Settle those of a record whose time has passed, if any is left."""
        past = self._savepoint.rows(_PAST_OF_RECORD, record=record, now=clock.micros(now))
        self._savepoint.change(_EXPIRE, record=record, now=clock.micros(now))
        self._savepoint.handled.extend(Handled(ticket, document) for ticket, document in past)

    def lapse(self, record: str, at: datetime, *, but: str | None) -> None:
        """Settle as expired what waits on a record that is gone, but for the ticket that is being executed."""
        waiting = self._savepoint.rows(_WAITING_ON, record=record, but=but)
        self._savepoint.change(_LAPSE, record=record, but=but, at=clock.micros(at))
        self._savepoint.handled.extend(Handled(ticket, document) for ticket, document in waiting)

    def due(self, now: datetime, *, passed_over: int, limit: int) -> tuple[int, tuple[str, ...]]:
        """As Due: the records with tickets to expire."""
        return _DUE.page(self._savepoint, now, passed_over=passed_over, limit=limit)

    def _settle(self, record: str, ticket: str, state: str, by: str, at: datetime, why: str | None) -> None:
        told = None if why is None else b64encode(self._keys.fields(record).seal(why.encode(), *_place(record, ticket)))
        change = {"new_state": state, "now": clock.micros(at), "by": by, "why": told and told.decode()}
        self._change(_SETTLE, record, ticket, **change)

    def _change(self, statement: sql.Statement, record: str, ticket: str, **given: Any) -> None:  # noqa: ANN401
        if not self._savepoint.change(statement, record=record, id=ticket, **given):
            raise NotStored("there is no such open ticket")
        row = self._savepoint.row(_DOCUMENT, record=record, id=ticket)
        self._savepoint.handled.append(Handled(ticket, None if row is None else row[0]))

    def _why(self, row: Row) -> str:
        """Why the ticket of a row was refused, if it was."""
        ticket, record, *_, sealed = row
        if sealed is None:
            return ""
        return self._keys.fields(record).open(b64decode(sealed), *_place(record, ticket)).decode()

    def _number(self, statement: sql.Statement, ticket: str, given: Mapping[str, Any]) -> int:
        row = self._savepoint.row(statement, id=ticket, **given)
        if row is None:
            raise UnknownCursor("there is no such ticket to continue from")
        return int(row[0])


def _place(record: str, ticket: str) -> tuple[str, ...]:
    return ("ticket", record, ticket)


def _ticket(row: Row, now: datetime, why: str) -> Ticket:
    ticket, record, kind, document, beneficiary, opener, opener_kind, opened, expires, review, state, settled, _ = row
    request = Request(
        id=ticket,
        record=record,
        kind=kind,
        document=document,
        beneficiary=beneficiary,
        opener=opener,
        opener_kind=opener_kind,
        opened_at=clock.moment(opened),
        expires_at=clock.moment(expires),
    )
    told = "EXPIRED" if state == "OPEN" and request.expires_at <= now else state
    return Ticket(request, bool(review), told, clock.moment_or_none(settled), why)
