"""Reads a CSV file of the rule set into cells, each mark translated to the word that rules use."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policy.errors import FaultList, Place
from policy.vocabulary import TableSource


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


def read_table(source: TableSource, folder: Path, faults: FaultList) -> Table:
    """Read one table; a row or column named twice and an unknown mark are faults."""
    empty = Table(source.name, frozenset(), frozenset(), {}, {})
    try:
        text = (folder / source.file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        faults.add(source.place, f"table `{source.name}`: {source.file} cannot be read: {type(error).__name__}")
        return empty
    lines = [
        (number, row)
        for number, row in enumerate(csv.reader(io.StringIO(text)), 1)
        if row and not row[0].startswith("#")
    ]
    if not lines or source.key not in lines[0][1]:
        faults.add(Place(f"{folder.name}/{source.file}"), f"has no column `{source.key}`")
        return empty
    return _cells(source, f"{folder.name}/{source.file}", lines[0][1], lines[1:], faults)


def _cells(
    source: TableSource, file: str, header: list[str], lines: list[tuple[int, list[str]]], faults: FaultList
) -> Table:
    key = header.index(source.key)
    cells: dict[tuple[str, str], str] = {}
    marks: dict[tuple[str, str], str] = {}
    lines_of: dict[str, int] = {}
    for name in {name for name in header if header.count(name) > 1}:
        faults.add(Place(file), f"column `{name}` stands twice")
    for number, row in lines:
        if len(row) != len(header):
            faults.add(Place(file, number), f"has {len(row)} cells instead of {len(header)}")
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
                place = Place(file, number, header.index(column) + 1)
                faults.add_unknown(place, f"mark in column `{column}`", cell, source.marks)
    columns = _marked(source, header) if source.marks else frozenset(header)
    return Table(source.name, frozenset(lines_of), columns, cells, marks, tuple(header), lines_of)


def _marked(source: TableSource, header: list[str]) -> frozenset[str]:
    """Columns whose cells are marks: all but the key and the descriptive ones, which start in lower case."""
    return frozenset(name for name in header if name != source.key and not name[:1].islower())
