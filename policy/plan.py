"""Partial evaluation: what is left of the rules when all is known but the item, as a predicate a database can ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any

from policy.calendar import started_long_ago
from policy.compile import Evaluator, evaluator
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

Remainder = Callable[[list[Any], Collection[int]], Predicate]
"""From the values of a request, and which of the numbered conditions over them hold, to what must hold of an item."""
Left = Predicate | Remainder
"""What no request changes is a predicate at once."""


class Planner:
    """The rules on one action of items, taken apart once into what requests decide and what is left for the items."""

    def __init__(self, rules: Sequence[tuple[Condition, bool]], ground: Ground) -> None:
        """Each with whether it permits, or denies; raises ValueError for a test that no predicate can say."""
        self._ground = ground
        self._numbered: list[tuple[int, Condition, bool]] = []
        self._permits = [self._left(condition, sure=True) for condition, permits in rules if permits]
        self._denials = [self._left(condition, sure=False) for condition, permits in rules if not permits]
        self._evaluator: Evaluator | None = None

    def predicate(self, values: list[Any]) -> Predicate:
        """What an item must be like to be permitted."""
        if self._evaluator is None:
            self._evaluator = evaluator(self._numbered, self._ground)
        holding = frozenset(self._evaluator(values))
        permits = [_told(left, values, holding) for left in self._permits]
        denials = [negation(_told(left, values, holding)) for left in self._denials]
        return all_of([any_of(permits), *denials])

    def _left(self, condition: Condition, *, sure: bool) -> Left:
        if not _is_of_item(condition):
            number = self._number(condition, sure=sure)
            return lambda _values, holding: YES if number in holding else NO
        match condition:
            case Constant(value):
                return Always(value)
            case Negation(part):
                return _negated(self._left(part, sure=not sure))
            case Every(parts):
                return self._joined(parts, Every, all_of, sure=sure)
            case Some(parts):
                return self._joined(parts, Some, any_of, sure=sure)
            case _:
                return _item_test(condition, sure, self._ground)

    def _joined(
        self,
        parts: Sequence[Condition],
        kind: type[Every | Some],
        join: Callable[[list[Predicate]], Predicate],
        *,
        sure: bool,
    ) -> Left:
        """What of the parts requests decide is asked as one, for alone it may settle the whole."""
        known = tuple(part for part in parts if not _is_of_item(part))
        lefts = [self._left(part, sure=sure) for part in parts if _is_of_item(part)]
        if not known:
            return lambda values, holding: join([_told(left, values, holding) for left in lefts])
        number, every = self._number(kind(known), sure=sure), kind is Every

        def told(values: list[Any], holding: Collection[int]) -> Predicate:
            if (number in holding) is not every:
                return NO if every else YES
            return join([_told(left, values, holding) for left in lefts])

        return told

    def _number(self, condition: Condition, *, sure: bool) -> int:
        """Of a condition over the request alone, which is evaluated together with all others."""
        self._numbered.append((len(self._numbered), condition, sure))
        return len(self._numbered) - 1


def _is_of_item(condition: Condition) -> bool:
    return any(name.startswith(ITEM) for name in attributes_of(condition))


def _told(left: Left, values: list[Any], holding: Collection[int]) -> Predicate:
    return left(values, holding) if callable(left) else left


def _negated(left: Left) -> Left:
    if callable(left):
        return lambda values, holding: negation(left(values, holding))
    return negation(left)


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


def _item_test(test: Test, sure: bool, ground: Ground) -> Left:  # one line a test
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
        case Elapsed():
            return _elapsed(test, doubt, ground)
        case SameAs() | OneOf():
            return _comparison(test, doubt, ground)
        case Cell(attribute=attribute, same_as="") if attribute.startswith(ITEM):
            return _cell(test, doubt, ground)
        case _:
            message = f"no list can be filtered by {test}"
            raise ValueError(message)


def _elapsed(test: Elapsed, doubt: Always, ground: Ground) -> Remainder:
    clock = ground.index["context.now"]

    def told(values: list[Any], _holding: Collection[int]) -> Predicate:
        now = values[clock]
        return doubt if now is UNKNOWN else Within(test.attribute, started_long_ago(test.amount, test.unit, now))

    return told


def _cell(test: Cell, doubt: Always, ground: Ground) -> Left:
    """The rows that the table marks so, in one of its columns."""
    rows: defaultdict[str, set[str]] = defaultdict(set)
    for (row, column), cell in ground.tables[test.table].cells.items():
        if cell in test.values:
            rows[column].add(row)
    marked = {column: IsOneOf(test.attribute, frozenset(found)) for column, found in rows.items()}
    none = IsOneOf(test.attribute, frozenset())
    if not test.column_is_attribute:
        return marked.get(test.column, none)
    place = ground.index[test.column]

    def told(values: list[Any], _holding: Collection[int]) -> Predicate:
        column = values[place]
        return doubt if column is UNKNOWN else marked.get(column, none)

    return told


def _comparison(test: SameAs | OneOf, doubt: Always, ground: Ground) -> Remainder:
    """A comparison of one item attribute with a known value."""
    item, known = (test.attribute, test.other) if test.attribute.startswith(ITEM) else (test.other, test.attribute)
    if known.startswith(ITEM):
        message = f"no list can be filtered by {test}"
        raise ValueError(message)
    place = ground.index[known]

    def told(values: list[Any], _holding: Collection[int]) -> Predicate:
        value = values[place]
        if value is UNKNOWN:
            return doubt
        if value is None:
            return NO
        if isinstance(test, SameAs):
            return IsOneOf(item, frozenset({value}))
        return IsOneOf(item, frozenset(value)) if item == test.attribute else Contains(item, value)

    return told


def _plain(value: object) -> str | bool | None:
    return value if isinstance(value, str | bool) else None
