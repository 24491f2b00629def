"""Statements that serve documents through a predicate, compiled once for every shape that a predicate may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, literal, select, tuple_

from policy.model import AllOf, Always, AnyOf, Contains, IsOneOf, Not, Predicate, Within
from services.store import sql
from services.store.errors import Untranslatable
from services.store.predicate import expression, texts_of
from services.store.tables import Text, documents

COLUMNS = (
    documents.c.logical_id,
    documents.c.entry_uuid,
    documents.c.record,
    documents.c.unique_id,
    documents.c.type,
    documents.c["class"],
    documents.c.title,
    documents.c.labels,
    documents.c.status,
    documents.c.author,
    documents.c.author_name,
    documents.c.author_structure,
    documents.c.custodian,
    documents.c.patient,
    documents.c.created_at,
    documents.c.deposited_at,
    documents.c.size,
    documents.c.sha256,
    documents.c.replaces,
)
_OF_RECORD = sql.given(documents.c.record)
_SHAPES = 512
"""How many shapes are kept compiled; the rules of one profile make a few dozen."""

Shape = tuple[Any, ...]


def shape(predicate: Predicate) -> Shape:
    """What of a predicate decides the text of its statement: all but the values that it is compared with."""
    match predicate:
        case IsOneOf():
            return ("is one of", predicate.attribute, len(texts_of(predicate)), None in predicate.values)
        case Within(attribute, intervals):
            return ("within", attribute, tuple((start is None, end is None) for start, end in intervals))
        case Always() | Contains():
            return ("itself", predicate)
        case Not(part):
            return ("not", shape(part))
        case AllOf(parts):
            return ("all", *map(shape, parts))
        case AnyOf(parts):
            return ("any", *map(shape, parts))
    raise Untranslatable(f"`{type(predicate).__name__}` is no predicate")


def values(predicate: Predicate) -> Iterator[str | int]:
    """The values of a predicate, in the order in which `expression` binds them."""
    match predicate:
        case IsOneOf():
            yield from texts_of(predicate)
        case Within():
            yield from (bound for interval in predicate.intervals for bound in interval if bound is not None)
        case Not(part):
            yield from values(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from values(part)
        case _:
            return


def parameters(predicate: Predicate) -> Mapping[str, str | int]:
    """The values under the names that the compiled statement gives them."""
    return {f"v{place}": value for place, value in enumerate(values(predicate))}


class _Kept:
    """A predicate as the key of the statements compiled for its shape."""

    __slots__ = ("predicate", "shape")

    def __init__(self, predicate: Predicate) -> None:
        self.predicate = predicate
        self.shape = shape(predicate)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and self.shape == other.shape

    def __hash__(self) -> int:
        return hash(self.shape)

    def condition(self, status: ColumnElement[Any] | None = None) -> ColumnElement[bool]:
        """The predicate with numbered parameters in place of its values."""
        places = iter(range(sum(1 for _ in values(self.predicate))))
        return expression(self.predicate, lambda _: bindparam(f"v{next(places)}"), status)


@lru_cache(_SHAPES)
def _listed(kept: _Kept) -> sql.Statement:
    place = tuple_(documents.c.deposited_at, documents.c.number)
    older = place < tuple_(bindparam("deposited_at"), bindparam("number"))
    asked = documents.c.status.in_(select(sql.texts("statuses").c.value))
    return sql.Statement(
        select(*COLUMNS)
        .where(_OF_RECORD, asked, kept.condition(), older)
        .order_by(documents.c.deposited_at.desc(), documents.c.number.desc())
        .limit(bindparam("limit"))
    )


@lru_cache(_SHAPES)
def _placed(kept: _Kept) -> sql.Statement:
    named = sql.given(documents.c.logical_id)
    return sql.Statement(
        select(documents.c.deposited_at, documents.c.number).where(_OF_RECORD, named, kept.condition())
    )


@lru_cache(_SHAPES)
def _among(kept: _Kept, status: str | None) -> sql.Statement:
    named = documents.c.logical_id.in_(select(sql.texts("documents").c.value))
    read_as = None if status is None else literal(status, Text)
    return sql.Statement(select(documents.c.logical_id).where(_OF_RECORD, named, kept.condition(read_as)))


def listed(predicate: Predicate) -> sql.Statement:
    """The record's documents that satisfy the predicate, newest first, after a place."""
    return _listed(_Kept(predicate))


def placed(predicate: Predicate) -> sql.Statement:
    """The place of one document in that list, if it satisfies the predicate."""
    return _placed(_Kept(predicate))


def among(predicate: Predicate, status: str | None) -> sql.Statement:
    """Which of some documents satisfy the predicate, `status` read in place of theirs."""
    return _among(_Kept(predicate), status)
