"""Turns the rules that concern one action and one kind of subject into one Python function.

`sure` asks for what certainly holds, its opposite for what may hold: a permit must be sure, a denial or an obligation
fires as soon as it may. Negation swaps the two, so that no third truth value is needed while a decision is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

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
from policy.logic import Ground, has_elapsed, has_value, in_period

Evaluator = Callable[[list[Any]], tuple[int, ...]]
"""From the values of a request to the numbers of the rules that fired."""


def evaluator(rules: Sequence[tuple[int, Condition, bool]], ground: Ground) -> Evaluator:
    """Compile numbered conditions, each with whether it must be sure, into one function."""
    writer = _Writer(ground)
    lines = ["def evaluate(f):", " fired = []"]
    for number, condition, sure in rules:
        source = writer.source(condition, sure)
        if source == "True":
            lines.append(f" fired.append({number})")
        elif source != "False":
            lines.append(f" if {source}: fired.append({number})")
    lines.append(" return tuple(fired)")
    # INVARIANT: the text holds only indexes and names made here; every value of a rule file is a bound constant.
    exec(compile("\n".join(lines), "<rules>", "exec"), writer.names)  # noqa: S102
    function: Evaluator = writer.names["evaluate"]
    return function


@dataclass(slots=True)
class _Writer:
    """Writes conditions as Python expressions over `f`, the list of values."""

    ground: Ground
    names: dict[str, Any] = field(
        default_factory=lambda: {
            "U": UNKNOWN,
            "has_value": has_value,
            "has_elapsed": has_elapsed,
            "in_period": in_period,
            "frozenset": frozenset,
        }
    )

    def source(self, condition: Condition, sure: bool) -> str:
        match condition:
            case Constant(value):
                return str(value)
            case Negation(part):
                return f"not ({self.source(part, not sure)})"
            case Every(parts):
                return "(" + " and ".join(self.source(part, sure) for part in parts) + ")"
            case Some(parts):
                return "(" + " or ".join(self.source(part, sure) for part in parts) + ")"
            case _:
                return self._test(condition, sure)

    def _constant(self, value: object) -> str:
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def _at(self, attribute: str) -> str:
        return f"f[{self.ground.index[attribute]}]"

    def _test(self, test: Test, sure: bool) -> str:
        if isinstance(test, Period):
            return f"(in_period({self._at('context.now')}, {self._constant(test)}) {_truth(sure)})"
        value = self._at(test.attribute)
        if isinstance(test, Elapsed):
            return f"(has_elapsed({value}, {self._constant(test)}, {self._at('context.now')}) {_truth(sure)})"
        known, unknown = self._known(test, value)
        doubt = [f"{name} is {'not ' if sure else ''}U" for name in unknown]
        return "(" + (" and " if sure else " or ").join([*doubt, known]) + ")"

    def _known(self, test: Test, value: str) -> tuple[str, list[str]]:
        """The test of known values, and what must be known for it to count."""
        match test:
            case Among(values=values) if len(values) == 1:
                return f"{value} == {self._constant(next(iter(values)))}", [value]
            case Among(values=values):
                return f"{value} in {self._constant(values)}", [value]
            case Has(value=member):
                return f"({value}.__class__ is frozenset and {self._constant(member)} in {value})", [value]
            case Exists():
                return f"has_value({value})", [value]
            case Listed(table=table, as_column=as_column):
                rows = self.ground.tables[table]
                return f"{value} in {self._constant(rows.columns if as_column else rows.rows)}", [value]
            case SameAs(other=other) | OneOf(other=other):
                return self._comparison(test, value, self._at(other)), [value, self._at(other)]
            case Cell():
                return self._cell(test, value)
            case _:
                message = f"no code for {test}"
                raise TypeError(message)

    @staticmethod
    def _comparison(test: SameAs | OneOf, value: str, other: str) -> str:
        if isinstance(test, SameAs):
            return f"({value} == {other} and {value} is not None)"
        return f"({other}.__class__ is frozenset and {value} in {other})"

    def _cell(self, test: Cell, row: str) -> tuple[str, list[str]]:
        cells = self.ground.tables[test.table].cells
        column = self._at(test.column) if test.column_is_attribute else self._constant(test.column)
        unknown = [row, column] if test.column_is_attribute else [row]
        if test.same_as:
            other = self._at(test.same_as)
            return f"({other} is not None and {self._constant(cells)}.get(({row}, {column})) == {other})", [
                *unknown,
                other,
            ]
        wanted = frozenset(where for where, cell in cells.items() if cell in test.values)
        return f"({row}, {column}) in {self._constant(wanted)}", unknown


def _truth(sure: bool) -> str:
    return "is True" if sure else "is not False"
