"""Statements that serve documents through a predicate, compiled once for every shape that a predicate may have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    asc,
    bindparam,
    desc,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
)

from policy.model import AllOf, Always, AnyOf, Contains, IsOneOf, Not, Predicate, Within
from services.store import paging, sql
from services.store.errors import Untranslatable
from services.store.predicate import bindings_of, expression, is_long, texts_of
from services.store.tables import Text, data_keys, documents

COLUMNS = (
    documents.c.logical_id,
    documents.c.entry_uuid,
    documents.c.record,
    documents.c.unique_id,
    documents.c.type,
    documents.c["class"],
    documents.c.labels,
    documents.c.status,
    documents.c.author,
    documents.c.author_structure,
    documents.c.custodian,
    documents.c.patient,
    documents.c.created_at,
    documents.c.deposited_at,
    documents.c.size,
    documents.c.replaces,
    documents.c.sealed,
    select(data_keys.c.wrapped)
    .where(data_keys.c.record == documents.c.record, data_keys.c.document == documents.c.logical_id)
    .correlate(documents)
    .scalar_subquery(),
)
_OF_RECORD = sql.given(documents.c.record)
# What says of itself no date is as old as can be.
_CREATED = func.coalesce(documents.c.created_at, literal_column(str(-paging.LAST)))
SHAPES = 512
"""How many shapes are kept compiled; the rules of one profile make a few dozen."""

Shape = tuple[Any, ...]


class Order(NamedTuple):
    """The order of a list."""

    by_creation: bool = False
    """By when they were written, else by when they were deposited."""
    oldest_first: bool = False

    @property
    def start(self) -> int:
        """What stands before every place."""
        return -paging.LAST - 1 if self.oldest_first else paging.LAST


class Span(NamedTuple):
    """Microseconds since 1970, the end not included."""

    first: int = -paging.LAST
    end: int = paging.LAST


EVER: Final = Span()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The filter of a list."""

    statuses: Collection[str]
    types: Collection[str] | None = None
    """All, if nothing is given."""
    author: str | None = None
    created: Span = EVER
    deposited: Span = EVER

    def parameters(self) -> Mapping[str, Any]:
        """The values under the names that the statements give them."""
        return {
            "statuses": sql.array_of(self.statuses),
            "types": None if self.types is None else sql.array_of(self.types),
            "author": self.author,
            **{f"created_{name}": bound for name, bound in self.created._asdict().items()},
            **{f"deposited_{name}": bound for name, bound in self.deposited._asdict().items()},
        }


def shape(predicate: Predicate) -> Shape:
    """What of a predicate decides the text of its statement: all but the values that it is compared with."""
    match predicate:
        case IsOneOf():
            many = "many" if is_long(predicate) else len(texts_of(predicate))
            return ("is one of", predicate.attribute, many, None in predicate.values)
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
            yield from bindings_of(predicate)
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


class Kept:
    """A predicate as the key of the statements compiled for its shape."""

    __slots__ = ("predicate", "shape")

    def __init__(self, predicate: Predicate) -> None:
        self.predicate = predicate
        self.shape = shape(predicate)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kept) and self.shape == other.shape

    def __hash__(self) -> int:
        return hash(self.shape)

    def condition(self, status: ColumnElement[Any] | None = None) -> ColumnElement[bool]:
        """The predicate with numbered parameters in place of its values."""
        places = iter(range(sum(1 for _ in values(self.predicate))))
        return expression(self.predicate, lambda _: bindparam(f"v{next(places)}"), status)


def _asked() -> ColumnElement[bool]:
    """The filter of a list, whose parameters are those of `Wanted.parameters`."""
    types, author = bindparam("types", type_=Text), bindparam("author", type_=Text)
    return and_(
        documents.c.status.in_(select(sql.texts("statuses").c.value)),
        or_(types.is_(None), documents.c.type.in_(select(sql.texts("types").c.value))),
        or_(author.is_(None), documents.c.author == author),
        *_within("created", _CREATED),
        *_within("deposited", documents.c.deposited_at),
    )


def _within(name: str, column: ColumnElement[Any]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    first, end = (bindparam(f"{name}_{bound}", type_=BigInteger) for bound in ("first", "end"))
    return column >= first, column < end


def _place(order: Order) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (_CREATED if order.by_creation else documents.c.deposited_at), documents.c.number


@lru_cache(SHAPES)
def _listed(kept: Kept, order: Order) -> sql.Statement:
    place = _place(order)
    reached = tuple_(bindparam("sorted", type_=BigInteger), bindparam("number", type_=BigInteger))
    rest = tuple_(*place) > reached if order.oldest_first else tuple_(*place) < reached
    direction = asc if order.oldest_first else desc
    return sql.Statement(
        select(*COLUMNS)
        .where(_OF_RECORD, _asked(), kept.condition(), rest)
        .order_by(*map(direction, place))
        .limit(bindparam("limit"))
    )


@lru_cache(SHAPES)
def _counted(kept: Kept) -> sql.Statement:
    found = select(func.count()).select_from(documents)
    return sql.Statement(found.where(_OF_RECORD, _asked(), kept.condition()))


@lru_cache(SHAPES)
def _placed(kept: Kept, order: Order) -> sql.Statement:
    named = sql.given(documents.c.logical_id)
    return sql.Statement(select(*_place(order)).where(_OF_RECORD, named, kept.condition()))


@lru_cache(SHAPES)
def _among(kept: Kept, status: str | None) -> sql.Statement:
    named = documents.c.logical_id.in_(select(sql.texts("documents").c.value))
    read_as = None if status is None else literal(status, Text)
    return sql.Statement(select(documents.c.logical_id).where(_OF_RECORD, named, kept.condition(read_as)))


def listed(predicate: Predicate, order: Order) -> sql.Statement:
    """The record's documents that satisfy the predicate and the filter, in an order, after a place."""
    return _listed(Kept(predicate), order)


def counted(predicate: Predicate) -> sql.Statement:
    """How many of the record's documents satisfy the predicate and the filter."""
    return _counted(Kept(predicate))


def placed(predicate: Predicate, order: Order) -> sql.Statement:
    """The place of one document in that list, if it satisfies the predicate."""
    return _placed(Kept(predicate), order)


def among(predicate: Predicate, status: str | None) -> sql.Statement:
    """Which of some documents satisfy the predicate, `status` read in place of theirs."""
    return _among(Kept(predicate), status)
