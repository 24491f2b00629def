"""Lays a table out: its columns as wide as their texts need, its rows over as many pages as they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.copies.narrative import Cell, Table
from services.copies.pdf.flow import BOTTOM, MARGIN, SPACING, TOP, Flow, Style
from services.copies.pdf.font import face
from services.copies.pdf.lines import broken
from services.copies.pdf.page import WIDTH
from services.copies.pdf.tags import COLUMN_HEADER, ROW_HEADER, Element

MOST_COLUMNS: Final = 10
"""What can still be read across a page; a wider table is told row by row."""
_SIZE: Final = 9.0
_LEADING: Final = _SIZE * SPACING
_PAD: Final = 3.0
_FEW: Final = 4
"""Lines of a row that must fit, or it begins on the next page."""
_LONGEST_HEAD: Final = (TOP - BOTTOM) / 3
"""Points; a longer head is not repeated."""
_LONGEST_WORD: Final = 24
"""Characters that a column makes room for."""
_LONGEST_TEXT: Final = 80
"""Characters by which a column's text asks for a part of what is left."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A cell in its columns."""

    cell: Cell
    column: int
    head: bool

    @property
    def bold(self) -> bool:
        return self.head or self.cell.header

    @property
    def kind(self) -> str:
        return "TH" if self.bold else "TD"

    @property
    def entries(self) -> bytes:
        """Its attributes in the structure: whose header it is, and what it spans."""
        scope = (COLUMN_HEADER if self.head else ROW_HEADER) if self.bold else b"/A<</O/Table"
        scope = scope.removesuffix(b">>")
        spans = b"/ColSpan %d" % self.cell.columns if self.cell.columns > 1 else b""
        spans += b"/RowSpan %d" % self.cell.rows if self.cell.rows > 1 else b""
        return scope + spans + b">>" if self.bold or spans else b""


_Row = Sequence[_Placed]


def table(flow: Flow, given: Table, indent: float) -> None:
    """Lay out a table."""
    rows = _placed(given)
    count = max((one.column + one.cell.columns for row in rows for one in row), default=0)
    element = flow.tags.open("Table")
    if given.caption:
        flow.text("Caption", given.caption, Style(_SIZE, bold=True, before=6, keep=3 * _LEADING), indent)
    if count:
        _Grid(flow, indent, _widths(rows, count, WIDTH - 2 * MARGIN - indent), rows[: given.heads]).rows(rows)
    flow.tags.close(element)


def is_wide(given: Table) -> bool:
    """Whether it has more columns than can be read."""
    return any(sum(cell.columns for cell in row) > MOST_COLUMNS for row in given.rows) or any(
        one.column + one.cell.columns > MOST_COLUMNS for row in _placed(given) for one in row
    )


def _placed(given: Table) -> list[list[_Placed]]:
    """Every cell in its column, past those that cells above cover."""
    rows: list[list[_Placed]] = []
    covered: dict[int, int] = {}
    for number, row in enumerate(given.rows):
        column, placed = 0, []
        below = {place: left - 1 for place, left in covered.items() if left > 1}
        for cell in row:
            while covered.get(column, 0) > 0:
                column += 1
            placed.append(_Placed(cell, column, head=number < given.heads))
            if cell.rows > 1:
                below |= dict.fromkeys(range(column, column + cell.columns), cell.rows - 1)
            column += cell.columns
        rows.append(placed)
        covered = below
    return rows


def _widths(rows: Sequence[_Row], count: int, width: float) -> list[float]:
    """As wide as the longest word needs, and the rest shared by what the longest texts want."""
    bold = face("DejaVuSans-Bold")
    words, wanted = [_SIZE] * count, [1.0] * count
    for one in (one for row in rows for one in row if one.cell.columns == 1):
        for text in one.cell.text.split("\n"):
            longest = max(map(len, text.split(" ")))
            # A word that is longer than any is no word, and is cut.
            sample = bold.shown(max(text.split(" "), key=len)[:_LONGEST_WORD]) if longest else ""
            words[one.column] = max(words[one.column], bold.width(sample, _SIZE))
            wanted[one.column] = max(wanted[one.column], min(len(text), _LONGEST_TEXT))
    least = [word + 2 * _PAD for word in words]
    left = width - sum(least)
    if left < 0:
        return [width * one / sum(least) for one in least]
    return [one + left * want / sum(wanted) for one, want in zip(least, wanted, strict=True)]


@dataclass(slots=True)
class _Grid:
    flow: Flow
    indent: float
    widths: list[float]
    head: Sequence[_Row]

    def rows(self, rows: Sequence[_Row]) -> None:
        flow = self.flow
        flow.height -= 4
        flow.room(_FEW * _LEADING)
        self._rule()
        for number, row in enumerate(rows):
            element = flow.tags.open("TR")
            self._row(row, repeats=number >= len(self.head))
            flow.tags.close(element)
        flow.height -= 4

    def _row(self, row: _Row, *, repeats: bool) -> None:
        tags, texts = self.flow.tags, [self._lines(one) for one in row]
        elements = []
        # One after the other, as elements nest; what is drawn of them later is added to their kids before they are
        # written, for that happens when the row ends.
        for one in row:
            elements.append(tags.open(one.kind, one.entries))
            tags.set_aside(elements[-1])
        number, at = max(map(len, texts), default=1), 0
        while at < number:
            take = self._fitting(number - at, repeats=repeats)
            self._draw(row, [lines[at : at + take] for lines in texts], elements)
            at += take
        for element in elements:
            tags.take_back(element)

    def _fitting(self, wanted: int, *, repeats: bool) -> int:
        """How many lines are drawn now, on the next page if only few would fit."""
        flow = self.flow
        fits = int((flow.height - BOTTOM - 2 * _PAD) / _LEADING)
        if fits < min(wanted, _FEW):
            flow.turn()
            self._rule()
            if repeats:
                self._repeat()
            fits = int((flow.height - BOTTOM - 2 * _PAD) / _LEADING)
        return min(wanted, fits)

    def _repeat(self) -> None:
        """Draw the head again, for the eye alone."""
        # Before its lines are broken: a head of many rows is asked about on every page.
        if len(self.head) * (_LEADING + 2 * _PAD) > _LONGEST_HEAD:
            return
        texts = [[self._lines(one) for one in row] for row in self.head]
        tall = [max(map(len, lines), default=1) for lines in texts]
        if sum(tall) * _LEADING + len(tall) * 2 * _PAD <= _LONGEST_HEAD:
            for row, lines in zip(self.head, texts, strict=True):
                self._draw(row, lines, None)

    def _draw(self, row: _Row, texts: Sequence[Sequence[str]], elements: Sequence[Element] | None) -> None:
        flow, page = self.flow, self.flow.page
        for place, (one, lines) in enumerate(zip(row, texts, strict=True)):
            if not lines:
                continue
            page.artifact() if elements is None else page.begin(elements[place])
            left = MARGIN + self.indent + sum(self.widths[: one.column]) + _PAD
            for number, line in enumerate(lines, 1):
                baseline = flow.height - _PAD - number * _LEADING + _SIZE * 0.2
                page.line(line, (left, baseline), flow.font(bold=one.bold), _SIZE)
            page.end()
        flow.height -= max(map(len, texts), default=1) * _LEADING + 2 * _PAD
        self._rule()

    def _rule(self) -> None:
        left = MARGIN + self.indent
        self.flow.page.rule(left, left + sum(self.widths), self.flow.height)

    def _lines(self, one: _Placed) -> list[str]:
        width = sum(self.widths[one.column : one.column + one.cell.columns]) - 2 * _PAD
        return broken(one.cell.text, self.flow.font(bold=one.bold).face, _SIZE, max(width, 2 * _SIZE))
