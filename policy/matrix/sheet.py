"""A table of marks as a spreadsheet's CSV file, and back: by the byte where nothing changed, and nothing on a fault."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policy.errors import FaultList, Place
from policy.table import TableSource

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a spreadsheet would take for a formula, and the mark that keeps it from doing so."""
_DELIMITERS = (";", ",", "\t")


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that an import changes."""

    row: str
    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a CSV file: its line, its cells, and itself as written."""

    line: int
    cells: list[str]
    raw: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """The table's header, and where its columns stand in the sheet of this name."""

    source: TableSource
    header: list[str]
    columns: Mapping[str, int]
    name: str


def export(text: str) -> bytes:
    """The table as a spreadsheet reads it: UTF-8 with its mark, semicolons, and no cell that is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerows([_guarded(cell) for cell in row.cells] for row in _rows(text, ","))
    return out.getvalue().encode("utf-8-sig")


def merge(text: str, source: TableSource, sheet: bytes, name: str, faults: FaultList) -> tuple[str, list[Change]]:
    """The table with the marks of a sheet, and what changes; every cell that cannot be taken goes to `faults`.

    Rows and columns may stand in another order. Only marks are taken: a sheet whose other cells differ is refused, for
    its rows may have been sorted apart.
    """
    own = list(_rows(text, ","))
    found = _sheet(sheet, name, faults)
    if not found:
        return text, []
    header = own[0].cells
    columns = _columns(found[0], header, name, faults)
    by_key = {row.cells[header.index(source.key)]: row for row in own[1:]}
    rows = _by_key(found[1:], columns, source.key, by_key, name, faults)
    if faults.faults:
        return text, []
    layout = _Layout(source, header, columns, name)
    changes, lines = [], [own[0].raw]
    for key, row in by_key.items():
        cells = _merged(layout, row, rows[key], faults)
        changes += [Change(key, c, a, b) for c, a, b in zip(header, row.cells, cells, strict=True) if a != b]
        lines.append(row.raw if cells == row.cells else _written(cells, row.raw))
    return ("".join(lines), changes) if not faults.faults else (text, [])


def _rows(text: str, delimiter: str) -> Iterator[_Row]:
    lines = io.StringIO(text, newline="").readlines()
    reader, before = csv.reader(lines, delimiter=delimiter, strict=True), 0
    for cells in reader:
        yield _Row(before + 1, cells, "".join(lines[before : reader.line_num]))
        before = reader.line_num


def _written(cells: list[str], raw: str) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n" if raw.endswith("\r\n") else "\n").writerow(cells)
    return out.getvalue()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _bare(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _sheet(sheet: bytes, name: str, faults: FaultList) -> list[_Row]:
    """The rows of a sheet, whatever it separates cells by, without the empty ones that spreadsheets add."""
    try:
        text = sheet.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = sheet.count(b"\n", 0, error.start) + 1
        faults.add(Place(name, line), "is not UTF-8 text", "save it as “CSV UTF-8”")
        return []
    first = text.removeprefix("sep=;").lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        rows = [_Row(r.line, [_bare(cell) for cell in r.cells], r.raw) for r in _rows(text, delimiter) if any(r.cells)]
    except csv.Error as error:
        faults.add(Place(name), f"is not a CSV file: {error}", "save it as “CSV UTF-8”")
        return []
    if rows and rows[0].raw.startswith("sep="):  # how some spreadsheets are told of the delimiter
        rows = rows[1:]
    if not rows:
        faults.add(Place(name), "is empty")
    for row in rows:
        if any(row.cells[len(rows[0].cells) :]):
            faults.add(Place(name, row.line, len(rows[0].cells) + 1), "has a cell outside of the columns", "remove it")
    return rows


def _columns(row: _Row, header: list[str], name: str, faults: FaultList) -> dict[str, int]:
    """Where each column of the table stands in the sheet."""
    found: dict[str, int] = {}
    for position, word in enumerate(row.cells):
        place = Place(name, row.line, position + 1)
        if word in found:
            faults.add(place, f"column `{word}` stands twice", "remove one")
        elif word in header:
            found[word] = position
        elif word:
            faults.add_unknown(place, "column", word, header)
    for word in header:
        if word not in found:
            faults.add(Place(name, row.line), f"lacks column `{word}`", "export the table anew")
    return found


def _by_key(
    rows: list[_Row], columns: dict[str, int], key: str, known: Mapping[str, object], name: str, faults: FaultList
) -> dict[str, _Row]:
    """The rows of a sheet by key: each row of the table once, and no other."""
    found: dict[str, _Row] = {}
    for row in rows if key in columns else ():
        word = row.cells[columns[key]] if columns[key] < len(row.cells) else ""
        place = Place(name, row.line, columns[key] + 1)
        if word not in known:
            faults.add_unknown(place, "row", word, known)
        elif word in found:
            faults.add(place, f"row `{word}` stands twice", "remove one")
        else:
            found[word] = row
    for word in known:
        if word not in found:
            faults.add(Place(name), f"lacks row `{word}`", "export the table anew")
    return found


def _merged(layout: _Layout, own: _Row, row: _Row, faults: FaultList) -> list[str]:
    """A row of the table with the marks of the sheet's row."""
    cells = []
    for word, before in zip(layout.header, own.cells, strict=True):
        position = layout.columns[word]
        after = row.cells[position] if position < len(row.cells) else ""
        place, marks = Place(layout.name, row.line, position + 1), layout.source.marks
        if after != before and before not in marks:
            advice = "only marks are imported; were the rows sorted apart?"
            faults.add(place, f"`{word}` is `{before}` in the table, not `{after}`", advice)
        elif after != before and after not in marks:
            faults.add(place, f"unknown mark in column `{word}` `{after}`", f"write one of {', '.join(marks)}")
        cells.append(after)
    return cells
