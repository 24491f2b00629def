"""A policy predicate over a document's attributes, as a condition over its columns, two-valued like its origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import Column, ColumnElement, and_, false, func, literal, not_, or_, select, true

from policy.model import AllOf, Always, AnyOf, Contains, IsOneOf, Not, Predicate, Within
from services.store import sql
from services.store.errors import Untranslatable
from services.store.labels import BITS
from services.store.tables import documents
from services.store.terms import RUN_SINCE

TEXTS: Mapping[str, Column[Any]] = {
    "document.type": documents.c.type,
    "document.class": documents.c["class"],
    "document.status": documents.c.status,
    "document.author": documents.c.author,
    "document.author_structure": documents.c.author_structure,
    "document.patient": documents.c.patient,
}
SETS: Mapping[str, Column[Any]] = {"document.labels": documents.c.labels}
TIMES: Mapping[str, ColumnElement[Any]] = {"document.deposited_at": RUN_SINCE}

FEW: Final = 8
"""Values that are bound one by one."""

Found = TypeVar("Found", bound=ColumnElement[Any])
Bind = Callable[[str | int], ColumnElement[Any]]
"""Makes the parameter for a value."""


def expression(
    predicate: Predicate, bind: Bind = literal, status: ColumnElement[Any] | None = None
) -> ColumnElement[bool]:
    """The condition, never null; `status`, if given, is read in place of the document's; raises Untranslatable."""
    match predicate:
        case Always(value):
            return true() if value else false()
        case IsOneOf():
            return _is_one_of(predicate, bind, status)
        case Contains():
            return _contains(predicate)
        case Within():
            return _within(predicate, bind)
        case Not(part):
            return not_(expression(part, bind, status))
        case AllOf(parts):
            return and_(true(), *(expression(part, bind, status) for part in parts))
        case AnyOf(parts):
            return or_(false(), *(expression(part, bind, status) for part in parts))
    # INVARIANT: what is not understood is never all rows.
    raise Untranslatable(f"`{type(predicate).__name__}` is no predicate")


def texts_of(part: IsOneOf) -> tuple[str, ...]:
    """The values but null, in a fixed order; raises Untranslatable for a value that no text column can hold."""
    found = _texts(part.values)
    if found is None:
        raise Untranslatable(f"`{part.attribute}` is compared with a value that is no text")
    return found


def is_long(part: IsOneOf) -> bool:
    """Whether the values are bound as one array: to bind a hundred takes longer than to look for the documents."""
    return len(texts_of(part)) > FEW


def bindings_of(part: IsOneOf) -> tuple[str, ...]:
    """What the condition binds of it, in order; raises as `texts_of`."""
    return (_array(texts_of(part)),) if is_long(part) else texts_of(part)


@lru_cache(256)
def _array(texts: tuple[str, ...]) -> str:
    return sql.array_of(texts)


# The rules' own lists of types are the same at every call, and long.
@lru_cache(256)
def _texts(values: frozenset[str | bool | None]) -> tuple[str, ...] | None:
    """The values but null, sorted; nothing where one is no text."""
    texts = [value for value in values if isinstance(value, str)]
    return tuple(sorted(texts)) if len(texts) == len(values - {None}) else None


def _column(columns: Mapping[str, Found], attribute: str) -> Found:
    column = columns.get(attribute)
    if column is None:
        raise Untranslatable(f"no stored column answers for `{attribute}` in this comparison")
    return column


def _certain(condition: ColumnElement[bool], column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition, false where the column is null."""
    nullable = not isinstance(column, Column) or column.nullable
    return func.coalesce(condition, false()) if nullable else condition


def _is_one_of(part: IsOneOf, bind: Bind, status: ColumnElement[Any] | None) -> ColumnElement[bool]:
    column: ColumnElement[Any] = _column(TEXTS, part.attribute)
    if status is not None and part.attribute == "document.status":
        column = status
    bound = [bind(value) for value in bindings_of(part)]
    if is_long(part):
        among = _certain(column.in_(select(sql.elements(bound[0], "text").c.value)), column)
    else:
        among = _certain(column.in_(bound), column) if bound else false()
    return or_(among, column.is_(None)) if None in part.values else among


def _contains(part: Contains) -> ColumnElement[bool]:
    column = _column(SETS, part.attribute)
    bit = BITS.get(part.value)
    if bit is None:
        raise Untranslatable(f"`{part.value}` is no visibility label")
    return column.bitwise_and(bit) != 0


def _within(part: Within, bind: Bind) -> ColumnElement[bool]:
    column = _column(TIMES, part.attribute)
    spans = []
    for start, end in part.intervals:
        bounds = [] if start is None else [column >= bind(start)]
        bounds += [] if end is None else [column < bind(end)]
        # An interval open on both sides still asks for a time.
        spans.append(and_(column.is_not(None), *bounds))
    return _certain(or_(false(), *spans), column)
