"""Conditions as formulas over one reading of a request, with the meaning that `policy.logic` gives them."""

from __future__ import annotations

from collections.abc import Mapping

import z3

from policy.analyze.clock import amount_of, within
from policy.analyze.domain import TIMES
from policy.analyze.reading import NO, YES, Reading, all_of, any_of, negation
from policy.chronology import NOW
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
    attributes_of,
)
from policy.logic import has_value
from policy.table import Table

Known = dict[Test, tuple[z3.BoolRef, z3.BoolRef]]
"""Of each test, when it holds of known values, and when it cannot be told."""


class Encoder:
    """Says when a condition certainly holds, and when it may hold: no third truth value is needed then."""

    def __init__(self, reading: Reading, tables: Mapping[str, Table], known: Known) -> None:
        """Encode conditions on requests as this reading types them; `known` is shared by readings of one likeness."""
        self.reading = reading
        self._tables = tables
        self._known = known

    def formula(self, condition: Condition, sure: bool) -> z3.BoolRef:
        """Whether the condition certainly holds (`sure`), or may."""
        match condition:
            case Constant(value):
                return YES if value else NO
            case Negation(part):
                return negation(self.formula(part, not sure))
            case Every(parts):
                return all_of([self.formula(part, sure) for part in parts])
            case Some(parts):
                return any_of([self.formula(part, sure) for part in parts])
            case _:
                holds, doubt = self._both(condition)
                return holds if sure else any_of([holds, doubt])

    def _both(self, test: Test) -> tuple[z3.BoolRef, z3.BoolRef]:
        found = self._known.get(test)
        if found is None:
            found = self._holds(test), self._doubt(test)
            if "action" not in attributes_of(test):  # else it means another thing for every action
                self._known[test] = found
        return found

    def _holds(self, test: Test) -> z3.BoolRef:
        """Whether the test holds of values that are known."""
        reading = self.reading
        match test:
            case Among(name, values):
                return any_of(reading.is_value(name, value) for value in values)
            case Has(name, value):
                return reading.has(name, value)
            case Exists(name):
                return self._exists(name)
            case Listed(name, table, as_column):
                rows = self._tables[table].columns if as_column else self._tables[table].rows
                return any_of(reading.is_value(name, row) for row in sorted(rows))
            case SameAs(name, other):
                shared = [value for value in reading.values(name) if value in reading.values(other)]
                return any_of(all_of([reading.is_value(name, v), reading.is_value(other, v)]) for v in shared)
            case OneOf(name, other):
                codes = reading.vocabulary.attributes[other].values
                return any_of(all_of([reading.is_value(name, c), reading.has(other, c)]) for c in codes)
            case Cell():
                return self._cell(test)
            case Elapsed(name):
                return all_of([negation(self._doubt(test)), reading.domain.elapsed(name, amount_of(test))])
            case Period():
                inside = [span for span in reading.domain.spans if within(span, test)]
                return any_of(reading.domain.states(NOW, span) for span in inside)

    def _doubt(self, test: Test) -> z3.BoolRef:
        """Whether a value that the test needs cannot be told."""
        reading = self.reading
        match test:
            case Period():
                return reading.unknown(NOW)
            case Elapsed(name):
                return any_of([negation(reading.is_time(name)), reading.unknown(name), reading.unknown(NOW)])
            case SameAs(name, other) | OneOf(name, other):
                return any_of([reading.unknown(name), reading.unknown(other)])
            case Cell():
                column = [test.column] if test.column_is_attribute else []
                same = [test.same_as] if test.same_as else []
                return any_of(reading.unknown(name) for name in (test.attribute, *column, *same))
            case _:
                return reading.unknown(test.attribute)

    def _exists(self, name: str) -> z3.BoolRef:
        reading = self.reading
        attribute = reading.vocabulary.attributes[name]
        silent: list[z3.BoolRef] = []
        if attribute.kind not in TIMES and attribute.kind.value != "codes":
            silent = [reading.is_value(name, value) for value in reading.values(name) if not has_value(value)]
        return negation(any_of([reading.unknown(name), reading.nothing(name), *silent]))

    def _cell(self, test: Cell) -> z3.BoolRef:
        """A disjunction over columns, each with the rows whose cell is as wanted."""
        reading = self.reading
        rows: dict[tuple[str, str], list[str]] = {}
        for (row, column), cell in self._tables[test.table].cells.items():
            if (test.column_is_attribute or column == test.column) and (test.same_as or cell in test.values):
                rows.setdefault((column, cell if test.same_as else ""), []).append(row)
        return any_of(
            all_of(
                [
                    reading.is_value(test.column, column) if test.column_is_attribute else YES,
                    reading.is_value(test.same_as, cell) if test.same_as else YES,
                    any_of(reading.is_value(test.attribute, row) for row in wanted),
                ]
            )
            for (column, cell), wanted in rows.items()
        )
