"""What a rule asks of a request: a small closed language, as values.

Every test is three-valued (Kleene). A value that is ill-typed, or missing where required, is unknown; a test of it is
unknown, and so is its negation. `sure` asks whether a condition certainly holds, its opposite whether it may hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from policy.errors import Place

Unit = Literal["days", "months", "years"]
WRITTEN: Any = field(default=None, compare=False, repr=False)
"""Where a test was written; two tests that ask the same are the same wherever they stand."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Always or never: what is left of a parameter once the profile is chosen."""

    value: bool


@dataclass(frozen=True, slots=True)
class Among:
    """The attribute has one of these values (null may be one)."""

    attribute: str
    values: frozenset[object]
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class SameAs:
    """Two attributes have the same value; two that have none are not the same."""

    attribute: str
    other: str
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class OneOf:
    """The attribute's value is in the set that another attribute holds."""

    attribute: str
    other: str
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class Has:
    """The set has this value in it."""

    attribute: str
    value: str
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class Exists:
    """The attribute has a value; blank text is none."""

    attribute: str
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Now is at or past the time (or the start of the date, Europe/Paris) plus an amount.

    Unknown of a time that is not there.
    """

    attribute: str
    amount: int
    unit: Unit
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class Cell:
    """The table's cell in the row that `attribute` names holds one of some values, or what another attribute holds."""

    attribute: str
    table: str
    column: str
    column_is_attribute: bool
    values: frozenset[str]
    same_as: str = ""
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class Listed:
    """The attribute's value is a row of the table (or a column)."""

    attribute: str
    table: str
    as_column: bool
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class Period:
    """Today (Europe/Paris) is not before `since` and not after `until`."""

    since: date | None
    until: date | None
    place: Place | None = WRITTEN


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold; of no parts, true."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; of no parts, false."""

    parts: tuple[Condition, ...]


Test = Among | SameAs | OneOf | Has | Exists | Elapsed | Cell | Listed | Period
Condition = Constant | Test | Negation | Every | Some

TRUE, FALSE = Constant(value=True), Constant(value=False)


def every(parts: list[Condition]) -> Condition:
    """The conjunction, without what is certainly true."""
    kept = tuple(part for part in parts if not isinstance(part, Constant) or not part.value)
    if any(isinstance(part, Constant) for part in kept):
        return FALSE
    return kept[0] if len(kept) == 1 else Every(kept) if kept else TRUE


def some(parts: list[Condition]) -> Condition:
    """The disjunction, without what is certainly false."""
    kept = tuple(part for part in parts if not isinstance(part, Constant) or part.value)
    if any(isinstance(part, Constant) for part in kept):
        return TRUE
    return kept[0] if len(kept) == 1 else Some(kept) if kept else FALSE


def negation(part: Condition) -> Condition:
    """The opposite."""
    if isinstance(part, Constant):
        return Constant(not part.value)
    return part.part if isinstance(part, Negation) else Negation(part)


def attributes_of(condition: Condition) -> Iterator[str]:
    """Every attribute that the condition reads, in order, repeated as often as it is read."""
    match condition:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from attributes_of(part)
        case Negation(part):
            yield from attributes_of(part)
        case SameAs(attribute, other) | OneOf(attribute, other):
            yield from (attribute, other)
        case Cell():
            yield condition.attribute
            yield from (name for name in (condition.column * condition.column_is_attribute, condition.same_as) if name)
        case Constant():
            return
        case Period():
            yield "context.now"
        case _:
            yield condition.attribute
            if isinstance(condition, Elapsed):
                yield "context.now"


def placed(condition: Condition, place: Place) -> Condition:
    """The same condition, all of whose tests were written there."""
    match condition:
        case Every(parts) | Some(parts):
            return replace(condition, parts=tuple(placed(part, place) for part in parts))
        case Negation(part):
            return Negation(placed(part, place))
        case Constant():
            return condition
        case _:
            return replace(condition, place=place)


def tests_of(condition: Condition) -> Iterator[Test]:
    """Every test of the condition, in order, repeated as often as it stands there."""
    match condition:
        case Every(parts) | Some(parts):
            for part in parts:
                yield from tests_of(part)
        case Negation(part):
            yield from tests_of(part)
        case Constant():
            return
        case _:
            yield condition


def narrow(condition: Condition, attribute: str, value: str | bool) -> Condition:
    """What is left of the condition when one attribute's value is known."""
    match condition:
        case Among(name, values) if name == attribute:
            return Constant(value in values)
        case Exists(name) if name == attribute:
            return TRUE
        case Every(parts):
            return every([narrow(part, attribute, value) for part in parts])
        case Some(parts):
            return some([narrow(part, attribute, value) for part in parts])
        case Negation(part):
            return negation(narrow(part, attribute, value))
        case _:
            return condition
