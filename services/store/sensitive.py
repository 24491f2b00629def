"""Documents that wait for an interview before their patient sees them, once a term has passed (VIS-11, NTF-04)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from policy.model import Predicate
from services.store import listing, sql
from services.store.labels import BITS
from services.store.savepoint import Savepoint
from services.store.tables import documents, notifications, records
from services.store.terms import told_once

_OPEN = and_(
    records.c.ins == documents.c.record,
    records.c.state == "ACTIVE",
    or_(documents.c.status == "Approved", documents.c.status == "Archived"),
    # As the index says it, so that it serves: with the bit written out.
    literal_column(f"(documents.labels & {BITS['INVISIBLE_PATIENT']}) <> 0", Boolean),
)


@dataclass(frozen=True, slots=True)
class Overdue:
    """A document whose term has passed."""

    record: str
    document: str


def _wanted(kept: listing.Kept, code: str) -> ColumnElement[bool]:
    if not code:
        return and_(_OPEN, kept.condition())
    told = exists().where(
        notifications.c.record == documents.c.record,
        notifications.c.addressee == documents.c.record,
        notifications.c.once == literal(told_once(code, "")).concat(documents.c.logical_id),
    )
    return and_(_OPEN, kept.condition(), ~told)


def _joined(columns: Select[Any]) -> Select[Any]:
    return columns.select_from(documents.join(records, records.c.ins == documents.c.record))


@lru_cache(listing.SHAPES)
def _counted(kept: listing.Kept, code: str) -> sql.Statement:
    return sql.Statement(_joined(select(func.count(documents.c.number))).where(_wanted(kept, code)))


@lru_cache(listing.SHAPES)
def _page(kept: listing.Kept, code: str) -> sql.Statement:
    found = _joined(select(documents.c.record, documents.c.logical_id)).where(_wanted(kept, code))
    ordered = found.order_by(documents.c.record, documents.c.number)
    return sql.Statement(ordered.limit(bindparam("limit")).offset(bindparam("passed_over")))


class SensitiveStore:
    """What waits in all active records."""

    __slots__ = ("_savepoint",)

    def __init__(self, savepoint: Savepoint) -> None:
        """Look through this savepoint."""
        self._savepoint = savepoint

    def overdue(
        self, predicate: Predicate, *, untold: str = "", passed_over: int, limit: int
    ) -> tuple[int, tuple[Overdue, ...]]:
        """How many documents still bear the label and satisfy the predicate, and the next of them.

        With `untold`, only those of which the holder was not told under this code.
        """
        kept, given = listing.Kept(predicate), listing.parameters(predicate)
        counted = self._savepoint.row(_counted(kept, untold), **given)
        rows = self._savepoint.rows(_page(kept, untold), limit=limit, passed_over=passed_over, **given)
        return int(counted[0]) if counted else 0, tuple(Overdue(*row) for row in rows)
