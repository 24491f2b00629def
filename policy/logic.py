"""Asks a condition of typed facts, three-valued: True, False, or None where it cannot be told.

The meaning of the rule language, written to be read. `policy.compile` says the same in generated Python, for speed; a
property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from policy.calendar import PARIS, elapsed
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
    Period,
    SameAs,
    Some,
    Test,
)
from policy.facts import UNKNOWN
from policy.table import Table


@dataclass(frozen=True, slots=True)
class Ground:
    """What conditions are asked on: where each attribute's value stands, and the tables."""

    index: Mapping[str, int]
    tables: Mapping[str, Table]

    def ask(self, condition: Condition, values: list[Any]) -> bool | None:
        """Kleene's strong logic over the tests."""
        match condition:
            case Constant(value):
                return value
            case Negation(part):
                answer = self.ask(part, values)
                return None if answer is None else not answer
            case Every(parts):
                answers = {self.ask(part, values) for part in parts}
                return False if False in answers else None if None in answers else True
            case Some(parts):
                answers = {self.ask(part, values) for part in parts}
                return True if True in answers else None if None in answers else False
            case _:
                return self.test(condition, values)

    def test(self, test: Test, values: list[Any]) -> bool | None:  # one line a test
        """One test; of an unknown value, unknown."""
        if isinstance(test, Period):
            return in_period(values[self.index["context.now"]], test)
        value = values[self.index[test.attribute]]
        if isinstance(test, SameAs | OneOf):
            return _compare(test, value, values[self.index[test.other]])
        if isinstance(test, Cell):
            return self._cell(test, value, values)
        if value is UNKNOWN:
            return None
        match test:
            case Among():
                return value in test.values
            case Has():
                return value is not None and test.value in value
            case Exists():
                return has_value(value)
            case Elapsed():
                return has_elapsed(value, test, values[self.index["context.now"]])
            case Listed():
                table = self.tables[test.table]
                return value in (table.columns if test.as_column else table.rows)

    def _cell(self, test: Cell, row: Any, values: list[Any]) -> bool | None:
        column = values[self.index[test.column]] if test.column_is_attribute else test.column
        other = values[self.index[test.same_as]] if test.same_as else None
        if row is UNKNOWN or column is UNKNOWN or other is UNKNOWN:
            return None
        cell = self.tables[test.table].cells.get((row, column))
        return cell is not None and (cell == other if test.same_as else cell in test.values)


def has_value(value: Any) -> bool:
    """Whether there is something: not null, and of a text at least a letter or a digit (some blanks are no spaces)."""
    return value is not None and (not isinstance(value, str) or any(character.isalnum() for character in value))


def has_elapsed(value: Any, test: Elapsed, now: Any) -> bool | None:
    """A time that is not there has neither elapsed nor not."""
    if value is None or value is UNKNOWN or now is UNKNOWN:
        return None
    return elapsed(value, test.amount, test.unit, now)


def in_period(now: Any, period: Period) -> bool | None:
    """Whether today lies in the period."""
    if not isinstance(now, datetime):
        return None
    today = now.astimezone(PARIS).date()
    return (period.since is None or period.since <= today) and (period.until is None or today <= period.until)


def _compare(test: SameAs | OneOf, value: Any, other: Any) -> bool | None:
    if value is UNKNOWN or other is UNKNOWN:
        return None
    if value is None or other is None:
        return False
    return value == other if isinstance(test, SameAs) else value in other
