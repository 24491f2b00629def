"""The one statement that loads the facts of many calls: a row per call, of one shape, whatever is stored."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    and_,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.types import TypeEngine

from services.store import sql
from services.store.authorisations import TREATING_PHYSICIAN
from services.store.relations_table import relations
from services.store.tables import (
    Text,
    authorisations,
    documents,
    emergency_accesses,
    oppositions,
    records,
    roles,
    tickets,
)
from services.store.terms import RUN_SINCE

KEY = ("place", "record", "person", "structure", "at", "document", "target", "ticket", "action", "own")
"""The order of the values of one call in the parameter `keys`, a JSON array of arrays."""

_TYPES: dict[str, TypeEngine[Any]] = {"place": Integer(), "at": BigInteger()}
RECORD = ("ins", "state", "closed_at", "holder_birth_date", "deceased", "protection", "revision")
DOCUMENT = ("type", "class", "labels", "status", "author", "author_structure", "deposited_at")
_DOCUMENT = tuple(RUN_SINCE if name == "deposited_at" else documents.c[name] for name in DOCUMENT)
EMERGENCY = ("id", "mode", "sealed", "patient_unable", "immediate_risk")
OPENER = ("opener", "opener_kind", "power", "granted")
"""Who opened the ticket, and by which power he represents the holder now; no power where he does so no more."""


COMMA = cast("str", sql.constant(","))


def _keys() -> CTE:
    """The calls, as rows."""
    call = sql.arrays("keys", "call")
    parts = (sql.item(call.c.value, place, _TYPES.get(name, Text)).label(name) for place, name in enumerate(KEY))
    # Materialised, for otherwise every join takes the array apart again.
    return select(*parts).cte("asked").prefix_with("MATERIALIZED")


def _opposed(asked: CTE) -> ScalarSelect[Any]:
    """The codes in force, joined by commas."""
    codes = func.aggregate_strings(oppositions.c.code, COMMA)
    return select(codes).where(oppositions.c.record == asked.c.record).correlate(asked).scalar_subquery()


def _related(asked: CTE) -> ScalarSelect[Any]:
    """What links the caller to the record now, joined by commas: `kind/power/granted`; as a patient, after `OWN_`."""
    slash, own, none = map(sql.constant, ("/", "OWN_", ""))
    kind = case((relations.c.person == asked.c.person, relations.c.kind), else_=own + relations.c.kind)
    told = kind + slash + func.coalesce(relations.c.power, none) + slash + func.coalesce(relations.c.granted, none)
    holds = and_(
        relations.c.record == asked.c.record,
        # Not `IN`, for which SQLite makes a table at every call.
        or_(relations.c.person == asked.c.person, relations.c.person == asked.c.own),
        relations.c.starts_at <= asked.c.at,
        or_(relations.c.ends_at.is_(None), relations.c.ends_at > asked.c.at),
    )
    return select(func.aggregate_strings(told, COMMA)).where(holds).correlate(asked).scalar_subquery()


def _of(owner: ColumnElement[Any], asked: CTE, *same: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(owner == asked.c.record, *same)


def _usable(asked: CTE) -> ColumnElement[bool]:
    """The ticket named, if it is open, for this action, record and document, and nobody else has begun it."""
    return _of(
        tickets.c.record,
        asked,
        tickets.c.id == asked.c.ticket,
        tickets.c.kind == asked.c.action,
        tickets.c.document.is_not_distinct_from(asked.c.document),
        tickets.c.state == sql.constant("OPEN"),
        tickets.c.expires_at > asked.c.at,
        or_(tickets.c.settled_by.is_(None), tickets.c.settled_by == asked.c.person),
    )


def _asking(asked: CTE, held: FromClause) -> ColumnElement[bool]:
    """The relation by which who opened the ticket represents the holder now."""
    return and_(
        held.c.record == asked.c.record,
        held.c.person == tickets.c.opener,
        held.c.kind == sql.constant("REPRESENTATIVE"),
        held.c.starts_at <= asked.c.at,
        or_(held.c.ends_at.is_(None), held.c.ends_at > asked.c.at),
    )


def _live(asked: CTE) -> ColumnElement[bool]:
    """The caller's own emergency access, if it is neither ended nor expired."""
    live = emergency_accesses
    return _of(
        live.c.record, asked, live.c.person == asked.c.person, live.c.ended_at.is_(None), live.c.expires_at > asked.c.at
    )


def _statement() -> sql.Statement:
    asked = _keys()
    own, house, target = (authorisations.alias(name) for name in ("own", "house", "target"))
    held, target_held = (roles.alias(name) for name in ("held", "target_held"))
    asking = relations.alias("asking")
    holds = (role.c.role == sql.constant(TREATING_PHYSICIAN) for role in (held, target_held))
    joins: tuple[tuple[FromClause, ColumnElement[bool]], ...] = (
        (records, records.c.ins == asked.c.record),
        (own, _of(own.c.record, asked, own.c.target == asked.c.person)),
        (house, _of(house.c.record, asked, house.c.target == asked.c.structure)),
        (target, _of(target.c.record, asked, target.c.target == asked.c.target)),
        (held, _of(held.c.record, asked, held.c.person == asked.c.person, next(holds))),
        (target_held, _of(target_held.c.record, asked, target_held.c.person == asked.c.target, next(holds))),
        (documents, _of(documents.c.record, asked, documents.c.logical_id == asked.c.document)),
        (tickets, _usable(asked)),
        (asking, _asking(asked, asking)),
        (emergency_accesses, _live(asked)),
    )
    # INVARIANT: everything hangs by a left join on its call, so that one that names nothing stored keeps its row.
    source: FromClause = asked
    for table, condition in joins:
        source = source.outerjoin(table, condition)
    # The order that `facts` takes a row apart in.
    shown = (
        asked.c.place,
        *(own.c.status, own.c.added_at, house.c.status, house.c.added_at, target.c.status),
        *(held.c.added_at, target_held.c.added_at, tickets.c.id, _opposed(asked), _related(asked)),
        *(records.c[name] for name in RECORD),
        *_DOCUMENT,
        *(emergency_accesses.c[name] for name in EMERGENCY),
        *(tickets.c.opener, tickets.c.opener_kind, asking.c.power, asking.c.granted),
    )
    return sql.Statement(select(*shown).select_from(source))


def _documents_statement() -> sql.Statement:
    pair = sql.arrays("pairs", "pair")
    parts = (sql.item(pair.c.value, place, Text).label(name) for place, name in enumerate(("record", "document")))
    asked = select(*parts).cte("asked").prefix_with("MATERIALIZED")
    named = _of(documents.c.record, asked, documents.c.logical_id == asked.c.document)
    shown = (documents.c.record, documents.c.logical_id, *_DOCUMENT)
    return sql.Statement(select(*shown).select_from(asked.join(documents, named)))


FACTS = _statement()
DOCUMENTS = _documents_statement()
"""The facts of documents named by record and logical id, as far as they are stored."""
