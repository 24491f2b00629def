"""Traces: added many at once before anything is answered, read newest first, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select

from services.store import paging, sql, trace_row
from services.store.envelope import Key, drawn
from services.store.errors import UnknownCursor
from services.store.keys import NOBODY, FieldsKey, KeyStore
from services.store.paging import Page
from services.store.savepoint import Row, Savepoint
from services.store.session import Session
from services.store.tables import Text, traces
from services.store.trace_entry import TraceEntry, TraceKind

APPEND = sql.inserted(traces, "number")
_FIELDS = APPEND.columns

_ACTOR = bindparam("actor", type_=Text)
_KEPT_FROM = bindparam("kept_from", type_=Text)
_KIND = bindparam("kind", type_=Text)
_ACCESS = sql.constant(TraceKind.ACCESS.value)
_OF_RECORD = and_(
    sql.given(traces.c.record),
    # What was traced of a record destroyed before is none of the one that has its name now (LIF-12).
    sql.given(traces.c.key),
)
_READABLE = and_(
    _OF_RECORD,
    or_(_ACTOR.is_(None), traces.c.subject_id == _ACTOR),
    or_(_KEPT_FROM.is_(None), traces.c.audience.is_distinct_from(_KEPT_FROM)),
)
_OPENINGS = (
    select(func.min(traces.c.number).label("number"))
    .where(_OF_RECORD)
    .group_by(traces.c.subject_id, traces.c.session)
    .cte("openings")
)
_PLACE = sql.Statement(select(traces.c.number).where(_READABLE, sql.given(traces.c.decision_id)))
_LIST = sql.Statement(
    select(*(traces.c[name] for name in _FIELDS), traces.c.number.in_(select(_OPENINGS.c.number)))
    .where(
        _READABLE,
        # Among the accesses stands what opened a session as well, whatever it was.
        or_(
            _KIND.is_(None),
            traces.c.kind == _KIND,
            and_(_KIND == _ACCESS, traces.c.number.in_(select(_OPENINGS.c.number))),
        ),
        traces.c.number < bindparam("before"),
        # What shows as the opening of its session alone is not read at all unless it opens one.
        or_(traces.c.action != bindparam("quiet", type_=Text), traces.c.number.in_(select(_OPENINGS.c.number))),
    )
    .order_by(traces.c.number.desc())
    .limit(bindparam("limit"))
)

_ONE = sql.Statement(select(*(traces.c[name] for name in _FIELDS)).where(_OF_RECORD, sql.given(traces.c.decision_id)))


@dataclass(frozen=True, slots=True)
class StoredTrace:
    """An entry as stored."""

    entry: TraceEntry
    opens_session: bool
    """Whether it is the first of its actor and session on this record (TRC-12)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a record's entries are read; all of them where nothing is said."""

    kind: TraceKind | None = None
    """Only those of a kind; those of kind ACCESS with the questions that opened a session."""
    actor: str | None = None
    """Only that person's own (scope OWN)."""
    kept_from: str | None = None
    """Without those that have this audience (scope ALL_BUT_RESTRICTED)."""
    quiet: str = ""
    """Of this action only those that open a session."""


class TraceStore:
    """The traces of a record, as far back as its readers may look; written by the lane alone."""

    __slots__ = ("_keys", "_savepoint")

    def __init__(self, savepoint: Savepoint, keys: KeyStore) -> None:
        """Work inside this savepoint, with the keys of its records."""
        self._savepoint = savepoint
        self._keys = keys

    def of_record(
        self,
        record: str,
        wanted: Wanted,
        *,
        limit: int,
        after: str | None = None,
        including: bool = False,
    ) -> Page[StoredTrace]:
        """Entries newest first, after decision `after`, or from it on; raises UnknownCursor."""
        by = self._keys.fields_key(record)
        if by is None:
            return Page((), more=False)
        readable = {"record": record, "key": by.id, "actor": wanted.actor, "kept_from": wanted.kept_from}
        before = paging.LAST if after is None else self._place(readable, after) + including
        kind = None if wanted.kind is None else wanted.kind.value
        rows = self._savepoint.rows(_LIST, before=before, limit=limit + 1, kind=kind, quiet=wanted.quiet, **readable)
        return paging.page(rows, limit, lambda row: _stored(row, by.key))

    def of_decision(self, record: str, decision_id: str) -> TraceEntry | None:
        """The entry of one decision on this record, or nothing."""
        by = self._keys.fields_key(record)
        row = by and self._savepoint.row(_ONE, record=record, key=by.id, decision_id=decision_id)
        return trace_row.opened(dict(zip(_FIELDS, row, strict=True)), by.key) if by and row else None

    def _place(self, readable: Mapping[str, str | None], after: str) -> int:
        row = self._savepoint.row(_PLACE, decision_id=after, **readable)
        if row is None:
            raise UnknownCursor("there is no such entry to continue from")
        return int(row[0])


def append(
    session: Session, rows: Sequence[dict[str, Any]], tombstones: AbstractSet[str], known: Mapping[str, FieldsKey]
) -> int:
    """Write these rows, each sealed by its record's key, which is read unless it is known; how many were written.

    What concerns no record, or one without a key that opens, is sealed by nobody's, so that it is traced all the same.
    The decisions named in `tombstones` destroyed their record: what is sealed of them opens no more (TOMBSTONE_TRACE).
    """
    if not rows:
        return 0
    if unread := {NOBODY, *(row["record"] or NOBODY for row in rows)} - known.keys():
        known = {**known, **KeyStore(Savepoint(session)).of_records(unread)}
    nobody = known[NOBODY]
    return session.append(APPEND, [
        trace_row.sealed(row, FieldsKey(nobody.id, Key(drawn())))
        if row["decision_id"] in tombstones
        else trace_row.sealed(row, known.get(row["record"], nobody))
        for row in rows
    ])  # fmt: skip


def _stored(row: Row, key: Key) -> StoredTrace:
    *values, opens_session = row
    stored = dict(zip(_FIELDS, values, strict=True))
    return StoredTrace(trace_row.opened(stored, key), bool(opens_session))
