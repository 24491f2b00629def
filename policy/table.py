"""Reads a CSV file of the rule set into cells, each mark translated to the word that rules use."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policy import shape
from policy.errors import FaultList, Place, one_of
from policy.source import Mapping as Tree
from policy.source import Node, content_of, decoded


@dataclass(frozen=True, slots=True)
class TableSource:
    """A CSV file of the rule set, and how its cells are read."""

    name: str
    file: str
    key: str
    marks: Mapping[str, str]
    columns: str
    """The table whose rows are this one's columns, or empty."""
    place: Place
    rows: str = ""
    """The table whose rows are this one's rows too, or empty."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by key, columns by name; a cell that is not there has no value."""

    name: str
    rows: frozenset[str]
    columns: frozenset[str]
    cells: Mapping[tuple[str, str], str] = field(repr=False)
    marks: Mapping[tuple[str, str], str] = field(repr=False)
    """The marks as written, with their provenance, for tables that have marks."""
    header: tuple[str, ...] = ()
    """Every column in the order of the file."""
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)
    """Where each row stands in the file."""
    head: int = 1
    """Where the header stands in the file."""
    unread: frozenset[str] = frozenset()
    """What stands in rows with too many or too few cells, which are told as that alone."""


def read_source(name: str, node: Node, faults: FaultList) -> TableSource:
    """An entry of `tables` in the vocabulary."""
    tree = shape.mapping(
        node, f"table `{name}`", ("file", "key", "marks", "rows", "columns", "fr", "en"), faults
    ) or Tree(node.place, ())
    marks = tree.get("marks")
    rows, columns = tree.get("rows"), tree.get("columns")
    return TableSource(
        name,
        shape.text(shape.required(tree, "file", f"table `{name}`", faults), "file", faults),
        shape.text(shape.required(tree, "key", f"table `{name}`", faults), "key", faults),
        {
            mark: shape.text(value, "a mark's meaning", faults)
            for _, mark, value in shape.entries(marks, "marks", faults)
        }
        if marks
        else {},
        shape.text(columns, "columns", faults) if columns else "",
        node.place,
        shape.text(rows, "rows", faults) if rows else "",
    )


def read_table(source: TableSource, path: Path, name: str, faults: FaultList) -> Table:
    """Read one table, whose faults call it `name`; a row or column named twice and an unknown mark are faults."""
    empty = Table(source.name, frozenset(), frozenset(), {}, {})
    content = content_of(path, name, faults)
    text = None if content is None else decoded(content, name, faults)
    if text is None:
        return empty
    known = len(faults.faults)
    lines = _lines(text, name, faults)
    if len(faults.faults) > known:
        return empty
    if not lines or source.key not in lines[0][1]:
        place = Place(name, lines[0][0] if lines else 1)
        faults.add(place, f"has no column `{source.key}`", "the first line names the columns, separated by commas")
        return empty
    if "" in lines[0][1]:
        # Told alone, for else every row would be said to lack a cell.
        faults.add(Place(name, lines[0][0]), f"column {lines[0][1].index('') + 1} has no name", "a comma too many?")
        return empty
    return _cells(source, name, lines[0], lines[1:], faults)


def _lines(text: str, name: str, faults: FaultList) -> list[tuple[int, list[str]]]:
    """The rows, each with the line on which it begins, without remarks and empty lines."""
    reader, before, found = csv.reader(io.StringIO(text)), 0, []
    try:
        for row in reader:
            if row and not row[0].startswith("#"):
                found.append((before + 1, row))
            before = reader.line_num
    except csv.Error as error:
        faults.add(Place(name, before + 1), f"is not a CSV file: {error}", "save it as “CSV UTF-8”")
        return []
    return found


def _cells(
    source: TableSource, file: str, head: tuple[int, list[str]], lines: list[tuple[int, list[str]]], faults: FaultList
) -> Table:
    first, header = head
    key = header.index(source.key)
    cells: dict[tuple[str, str], str] = {}
    marks: dict[tuple[str, str], str] = {}
    lines_of: dict[str, int] = {}
    unread: set[str] = set()
    for name in {name for name in header if header.count(name) > 1}:
        faults.add(Place(file, first), f"column `{name}` stands twice", "remove one")
    for number, row in lines:
        if len(row) != len(header):
            faults.add(
                Place(file, number), f"has {len(row)} cells instead of {len(header)}", "one comma between two cells"
            )
            unread.update(row)
            continue
        if row[key] in lines_of:
            faults.add(Place(file, number), f"row `{row[key]}` stands twice", "remove one")
        lines_of[row[key]] = number
        for column, cell in zip(header, row, strict=True):
            where = (row[key], column)
            if not source.marks or column not in _marked(source, header):
                cells[where] = cell
            elif cell in source.marks:
                cells[where], marks[where] = source.marks[cell], cell
            else:
                # The nearest mark would be a suggestion to open or to close.
                told = f"unknown mark in column `{column}` `{cell}`"
                faults.add(Place(file, number, header.index(column) + 1), told, one_of(source.marks))
    columns = _marked(source, header) if source.marks else frozenset(header)
    return Table(
        source.name, frozenset(lines_of), columns, cells, marks, tuple(header), lines_of, first, frozenset(unread)
    )


def _marked(source: TableSource, header: list[str]) -> frozenset[str]:
    """Columns whose cells are marks: all but the key and the descriptive ones, which start in lower case."""
    return frozenset(name for name in header if name != source.key and not name[:1].islower())
