"""What can be got wrong in a profile's parameters and in the cells of tables."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace

from policy.condition import Cell, tests_of
from policy.errors import Place
from policy.mutants.conditions import shown
from policy.mutants.edit import Edit, Kind
from policy.ruleset import Files, RuleSet
from policy.shape import Text
from policy.source import Mapping, Scalar
from policy.table import Table
from policy.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class CellEdit:
    """A cell of a table that says something else."""

    row: str
    column: str
    cell: str
    mark: str

    def applied(self, table: Table) -> Table:
        """The table with this cell."""
        where = (self.row, self.column)
        marks = {**table.marks, where: self.mark} if self.mark else table.marks
        return replace(table, cells={**table.cells, where: self.cell}, marks=marks)


def parameter_edits(root: Mapping, vocabulary: Vocabulary) -> Iterator[Edit]:
    """Each parameter of one profile's file, with another value."""
    for place, (key, tree) in enumerate(root.entries):
        if key.value != "parameters" or not isinstance(tree, Mapping):
            continue
        for inner, (name, node) in enumerate(tree.entries):
            if not isinstance(node, Scalar):
                continue
            for other in _other_parameters(node.value, *vocabulary.parameters[str(name.value)]):
                words = Text(
                    f"`{name.value}` : `{shown(node.value)}` devient `{shown(other)}`",
                    f"`{name.value}`: `{shown(node.value)}` becomes `{shown(other)}`",
                )
                yield Edit(Kind.PARAMETER, node.place, words, (place, inner), replace(node, value=other))


def _other_parameters(value: object, unit: str, words: tuple[str, ...]) -> list[str | int | bool | None]:
    """The other truth, the other codes; of an amount one less, one more and none; of none the least."""
    if unit == "boolean":
        return [not value]
    if unit == "code":
        return [word for word in words if word != value]
    return [value - 1, value + 1, None] if isinstance(value, int) and value > 0 else [1]


def cell_edits(files: Files, ruleset: RuleSet) -> Iterator[tuple[str, Place, Text, CellEdit]]:
    """Every cell of a column that some rule looks at, with the next of the column's other values."""
    looked_at = {
        (cell.table, column)
        for rule in ruleset.rules
        for condition in rule.conditions.values()
        for cell in tests_of(condition)
        if isinstance(cell, Cell)
        for column in (files.tables[cell.table].columns if cell.column_is_attribute else (cell.column,))
    }
    sources = {source.name: source for source in files.vocabulary.tables}
    for name, table in files.tables.items():
        for row in table.lines:
            for column in table.header:
                if (name, column) in looked_at and (edit := _other_cell(table, row, column, sources[name].marks)):
                    place = Place(files.file(sources[name].file), table.lines[row], table.header.index(column) + 1)
                    was = table.cells[row, column]
                    words = Text(
                        f"{name}, {row}, {column} : `{was}` devient `{edit.cell}`",
                        f"{name}, {row}, {column}: `{was}` becomes `{edit.cell}`",
                    )
                    yield name, place, words, edit


def _other_cell(table: Table, row: str, column: str, marks: Map[str, str]) -> CellEdit | None:
    was = table.cells[row, column]
    known = sorted({cell for (_, name), cell in table.cells.items() if name == column} | {*marks.values()})
    others = known[known.index(was) + 1 :] + known[: known.index(was)]
    if not others:
        return None
    before = table.marks.get((row, column), "")
    alike = sorted((mark for mark, cell in marks.items() if cell == others[0]), key=lambda mark: mark[:1] != before[:1])
    return CellEdit(row, column, others[0], alike[0] if alike else "")
