"""The table as the rules decide it: every cell asked of the engine, none copied from the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policy.matrix.view import Mode, View
from policy.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Cell:
    """What the rules say of one row and one column, and what the file says."""

    permitted: bool
    rules: tuple[str, ...]
    mark: str
    """As written in the file, with its provenance."""
    as_marked: bool
    """Whether the rules say what the mark says."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row."""

    key: str
    title: str
    group: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """One profile, one mode."""

    profile: str
    mode: Mode
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    """By group, and in the order of the file within one."""

    @property
    def permitted(self) -> int:
        """How many cells are open."""
        return sum(cell.permitted for line in self.lines for cell in line.cells)


def ask(ruleset: RuleSet, view: View, profile: str, mode: Mode) -> Grid:
    """Ask the engine of a profile about every cell."""
    table = ruleset.tables[view.table]
    columns = tuple(dict.fromkeys(column for _, column in table.marks))
    rows = tuple(dict.fromkeys(row for row, _ in table.marks))
    lines = [_line(ruleset, view, profile, mode, row, columns) for row in rows]
    return Grid(profile, mode, columns, tuple(sorted(lines, key=lambda line: line.group)))


def _line(ruleset: RuleSet, view: View, profile: str, mode: Mode, row: str, columns: tuple[str, ...]) -> Line:
    cells = tuple(
        _cell(ruleset, view, profile, _request(ruleset, view, mode, row, column), (row, column)) for column in columns
    )
    of, words = view.groups
    group = " ".join(ruleset.cell(of, row, word) or "" for word in words)
    return Line(row, ruleset.cell(view.table, row, view.row_title) or "", group, cells)


def _cell(ruleset: RuleSet, view: View, profile: str, request: Mapping[str, Any], where: tuple[str, str]) -> Cell:
    table = ruleset.tables[view.table]
    decision = ruleset.engines[profile].decide(request)
    as_marked = decision.permitted is (table.cells[where] == view.opens)
    return Cell(decision.permitted, decision.rules, table.marks[where], as_marked)


def _request(ruleset: RuleSet, view: View, mode: Mode, row: str, column: str) -> dict[str, Any]:
    request: dict[str, Any] = {name: dict(facts) for name, facts in mode.asked.items()}
    known = {name: ruleset.cell(of, row, word) for name, (of, word) in view.facts.items()}
    for name, value in {view.row: row, view.column: column, **known}.items():
        entity, _, attribute = name.partition(".")
        request.setdefault(entity, {})[attribute] = value
    return {"action": view.action, "at": view.at, **request}
