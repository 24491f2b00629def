"""Prints the blocks of a document's narrative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.copies.narrative import Block, Cell, Heading, Listing, Paragraph, Table
from services.copies.pdf.flow import SPACING, Flow, Style
from services.copies.pdf.grid import is_wide, table

BODY: Final = Style(10, before=4)
_ITEM: Final = Style(10)
_HEADINGS: Final = (Style(13, bold=True, before=12, keep=30), Style(11, bold=True, before=8, keep=30))
_LAST_HEADING: Final = 6
"""The deepest that PDF knows."""
_INDENT: Final = 16.0
_DEEPEST: Final = 12 * _INDENT
"""Points; lists that nest deeper stay there, or nothing would be left of the line."""


def print_blocks(flow: Flow, blocks: Sequence[Block], indent: float = 0.0) -> None:
    """Print blocks, the headings from H2 on, with none left out between."""
    level = 1
    for block in blocks:
        match block:
            case Paragraph(text):
                flow.text("P", text, BODY, indent)
            case Heading(text, depth):
                level = min(level + 1, depth + 1, _LAST_HEADING)
                flow.text(f"H{level}", text, _HEADINGS[0 if level == 2 else 1], indent)  # noqa: PLR2004 - H2
            case Listing():
                _listing(flow, block, indent)
            case Table() if is_wide(block):
                _listing(flow, _told(block), indent)
            case Table():
                table(flow, block, indent)


def _listing(flow: Flow, listing: Listing, indent: float) -> None:
    if not listing.items:
        return
    element = flow.tags.open("L", b"/A<</O/List/ListNumbering/%b>>" % (b"Decimal" if listing.ordered else b"Disc"))
    deeper = min(indent + _INDENT, _DEEPEST)
    for number, item in enumerate(listing.items, 1):
        one = flow.tags.open("LI")
        flow.room(3 * _ITEM.size * SPACING)
        label = f"{number}." if listing.ordered else "•"
        flow.text("Lbl", label, _ITEM, indent)
        body = flow.tags.open("LBody")
        if item and isinstance(item[0], Paragraph):
            # Beside its label, not below it.
            flow.height += _ITEM.size * SPACING
            shift = flow.plain.face.width(label, _ITEM.size) + 4
            flow.text("P", item[0].text, _ITEM, max(deeper, indent + shift))
            item = item[1:]  # noqa: PLW2901 - what is left of it
        print_blocks(flow, item, deeper)
        flow.tags.close(body)
        flow.tags.close(one)
    flow.tags.close(element)


def _told(wide: Table) -> Listing:
    """A table that is too wide for a page, row by row, each value with its column's head."""
    heads = wide.rows[wide.heads - 1] if wide.heads else ()
    rows = wide.rows[wide.heads :]
    items = [(Paragraph("; ".join(_value(place, cell, heads) for place, cell in enumerate(row))),) for row in rows]
    before = [(Paragraph(" | ".join(cell.text for cell in row)),) for row in wide.rows[: max(wide.heads - 1, 0)]]
    title = [(Paragraph(wide.caption),)] if wide.caption else []
    return Listing(ordered=False, items=(*title, *before, *items))


def _value(place: int, cell: Cell, heads: Sequence[Cell]) -> str:
    return f"{heads[place].text} : {cell.text}" if place < len(heads) else cell.text
