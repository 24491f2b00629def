"""Partial evaluation: what is left of a rule when all is known but the item, as a predicate that a database can ask."""

from __future__ import annotations

from typing import Any

from policy.calendar import started_long_ago
from policy.condition import (
    Among,
    Cell,
    Condition,
    Constant,
    Elapsed,
    Every,
    Exists,
    Has,
    Listed,
    Negation,
    OneOf,
    SameAs,
    Some,
    Test,
    attributes_of,
)
from policy.facts import UNKNOWN
from policy.logic import Ground
from policy.model import AllOf, Always, AnyOf, Contains, IsOneOf, Not, Predicate, Within

ITEM = "document."
EXISTS = "document.exists"
YES, NO = Always(value=True), Always(value=False)


def rest(condition: Condition, sure: bool, values: list[Any], ground: Ground) -> Predicate:
    """The predicate over the item's attributes; raises ValueError for a test that no predicate can say."""
    match condition:
        case Constant(value):
            return Always(value)
        case Negation(part):
            return negation(rest(part, not sure, values, ground))
        case Every(parts):
            return all_of([rest(part, sure, values, ground) for part in parts])
        case Some(parts):
            return any_of([rest(part, sure, values, ground) for part in parts])
        case _:
            if any(name.startswith(ITEM) for name in attributes_of(condition)):
                return _item_test(condition, sure, values, ground)
            answer = ground.test(condition, values)
            return Always(answer is True if sure else answer is not False)


def negation(part: Predicate) -> Predicate:
    """The opposite."""
    if isinstance(part, Always):
        return Always(not part.value)
    return part.part if isinstance(part, Not) else Not(part)


def all_of(parts: list[Predicate]) -> Predicate:
    """The conjunction, as small as it is."""
    kept = tuple(dict.fromkeys(part for part in parts if part != YES))
    if NO in kept:
        return NO
    return kept[0] if len(kept) == 1 else AllOf(kept) if kept else YES


def any_of(parts: list[Predicate]) -> Predicate:
    """The disjunction, as small as it is."""
    kept = tuple(dict.fromkeys(part for part in parts if part != NO))
    if YES in kept:
        return YES
    return kept[0] if len(kept) == 1 else AnyOf(kept) if kept else NO


def _item_test(test: Test, sure: bool, values: list[Any], ground: Ground) -> Predicate:  # one line a test
    doubt = Always(not sure)
    match test:
        case Among(attribute, allowed) if attribute == EXISTS:
            return Always(value=True in allowed)
        case Among(attribute, allowed):
            return IsOneOf(attribute, frozenset(_plain(value) for value in allowed))
        case Has(attribute, value):
            return Contains(attribute, value)
        case Exists(attribute):
            return Not(IsOneOf(attribute, frozenset({None})))
        case Listed(attribute, table, as_column):
            return IsOneOf(
                attribute, frozenset(ground.tables[table].columns if as_column else ground.tables[table].rows)
            )
        case Elapsed(attribute, amount, unit):
            now = values[ground.index["context.now"]]
            return doubt if now is UNKNOWN else Within(attribute, started_long_ago(amount, unit, now))
        case SameAs() | OneOf():
            return _comparison(test, doubt, values, ground)
        case Cell(attribute=attribute, same_as="") if attribute.startswith(ITEM):
            column = values[ground.index[test.column]] if test.column_is_attribute else test.column
            if column is UNKNOWN:
                return doubt
            cells = ground.tables[test.table].cells
            return IsOneOf(
                attribute,
                frozenset(row for (row, name), cell in cells.items() if name == column and cell in test.values),
            )
        case _:
            message = f"no list can be filtered by {test}"
            raise ValueError(message)


def _comparison(test: SameAs | OneOf, doubt: Always, values: list[Any], ground: Ground) -> Predicate:
    """A comparison of one item attribute with a known value."""
    item, known = (test.attribute, test.other) if test.attribute.startswith(ITEM) else (test.other, test.attribute)
    if known.startswith(ITEM):
        message = f"no list can be filtered by {test}"
        raise ValueError(message)
    value = values[ground.index[known]]
    if value is UNKNOWN:
        return doubt
    if value is None:
        return NO
    if isinstance(test, SameAs):
        return IsOneOf(item, frozenset({value}))
    return IsOneOf(item, frozenset(value)) if item == test.attribute else Contains(item, value)


def _plain(value: object) -> str | bool | None:
    return value if isinstance(value, str | bool) else None
