"""Reads the narrative of a clinical document (HL7 CDA R2, 4.3.5): what its author answers for, as blocks to print."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from services.cda.error import CdaError
from services.cda.xml import NAMESPACE, with_document
from services.copies.errors import CannotCopyError, Reason

MOST_SPAN: Final = 100
"""Columns or rows that a cell is let cover."""
_RAISED: Final = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED: Final = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_NO_TEXT: Final = "Aucun texte."
_BLOCKS: Final = frozenset({"paragraph", "list", "table"})


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A text; its lines are broken where the author broke them."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section."""

    text: str
    depth: int
    """1 for a section of the document itself."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    ordered: bool
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table, as text."""

    text: str
    header: bool = False
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first `heads` rows are its head."""

    caption: str
    rows: tuple[tuple[Cell, ...], ...]
    heads: int


Block = Paragraph | Heading | Listing | Table


def read_narrative(content: bytes) -> list[Block]:
    """The blocks of a document; raises CannotCopyError of what is no CDA."""
    try:
        return with_document(content, lambda document: list(_body(document.element)))
    except CdaError:
        # `from None`: nothing is told of the document.
        raise CannotCopyError(Reason.INVALID, "a document cannot be read as CDA") from None


def _body(root: etree._Element) -> Iterator[Block]:
    found = False
    for component in _named(root, "component"):
        for body in _named(component, "nonXMLBody"):
            yield from _attached(body)
            found = True
        for body in _named(component, "structuredBody"):
            for block in _sections(body, 1):
                yield block
                found = True
    if not found:
        yield Paragraph(_NO_TEXT)


def _attached(body: etree._Element) -> Iterator[Block]:
    """What is no narrative: text is printed, anything else is said to be there."""
    for text in _named(body, "text"):
        kind = text.get("mediaType") or "text/plain"
        if kind == "text/plain" and text.get("representation") != "B64":
            yield Paragraph(_joined(text).strip())
        else:
            yield Paragraph(f"[Pièce jointe de type {kind}, qui ne s’imprime pas : elle est dans la copie sur disque.]")


def _sections(parent: etree._Element, depth: int) -> Iterator[Block]:
    for component in _named(parent, "component"):
        for section in _named(component, "section"):
            for title in _named(section, "title"):
                if said := _joined(title).strip():
                    yield Heading(said, depth)
            for text in _named(section, "text"):
                yield from _blocks(text)
            yield from _sections(section, depth + 1)


def _blocks(element: etree._Element) -> Iterator[Block]:
    """The blocks in an element, and the text between them."""
    loose = _Loose()
    loose.add(_single(element.text))
    for child in element:
        name = _name(child)
        if name in _BLOCKS or any(_name(inner) in _BLOCKS for inner in child.iter()):
            yield from loose.taken()
            yield from _block(child, name)
        else:
            loose.add(_inline(child, name))
        loose.add(_single(child.tail))
    yield from loose.taken()


def _block(element: etree._Element, name: str) -> Iterator[Block]:
    if name == "list":
        yield from _titled(element)
        ordered = element.get("listType") == "ordered"
        yield Listing(ordered, tuple(tuple(_blocks(item)) for item in _named(element, "item")))
    elif name == "table":
        yield _table(element)
    else:
        yield from _blocks(element)


def _titled(element: etree._Element) -> Iterator[Block]:
    for caption in _named(element, "caption"):
        yield Paragraph(_joined(caption).strip())


def _table(element: etree._Element) -> Table:
    caption = " ".join(_joined(found).strip() for found in _named(element, "caption"))
    head = [_row(row) for part in _named(element, "thead") for row in _named(part, "tr")]
    parts = (*_named(element, "tbody"), element, *_named(element, "tfoot"))
    body = [_row(row) for part in parts for row in _named(part, "tr")]
    return Table(caption, (*head, *body), len(head))


def _row(row: etree._Element) -> tuple[Cell, ...]:
    return tuple(
        Cell(_flat(_blocks(cell)), _name(cell) == "th", _span(cell, "colspan"), _span(cell, "rowspan"))
        for cell in row
        if _name(cell) in ("td", "th")
    )


def _span(cell: etree._Element, name: str) -> int:
    said = cell.get(name) or "1"
    return min(int(said), MOST_SPAN) if said.isascii() and said.isdigit() and int(said[:4]) else 1


def _flat(blocks: Iterator[Block] | tuple[Block, ...], mark: str = "") -> str:
    """Blocks as lines of text, for a cell holds no others."""
    lines = []
    for block in blocks:
        match block:
            case Paragraph(text) | Heading(text):
                lines.append(mark + text)
            case Listing(ordered, items):
                for number, item in enumerate(items, 1):
                    lines.append(mark + (f"{number}. " if ordered else "• ") + _flat(item).strip())
            case Table(caption, rows, _):
                lines += [caption] if caption else []
                lines += [" | ".join(cell.text for cell in row) for row in rows]
    return "\n".join(lines)


def _inline(element: etree._Element, name: str) -> str:
    """The text of an element within a line, with what its look alone would tell."""
    text = _joined(element)
    match name:
        case "br":
            return "\n"
        case "sup":
            raised = text.translate(_RAISED)
            return raised if raised.isascii() is False and not set(raised) & set(text) else f"^({text})"
        case "sub":
            lowered = text.translate(_LOWERED)
            return lowered if not set(lowered) & set(text) else f"_({text})"
        case "content" if element.get("revised") == "delete":
            return f"[supprimé : {text}]"
        case "renderMultiMedia":
            return f"[Image, qui ne s’imprime pas : elle est dans la copie sur disque.{' ' + text if text else ''}]"
        case "linkHtml":
            where = element.get("href") or ""
            return text if not where or where.startswith("#") else f"{text} ({where})"
        case "caption":
            return f"{text} "
        case _:
            return text


def _joined(element: etree._Element) -> str:
    """All text within an element, its white space made single but for the breaks that are meant."""
    parts = [_single(element.text)]
    for child in element:
        parts += [_inline(child, _name(child)), _single(child.tail)]
    return "".join(parts)


def _single(text: str | None) -> str:
    if not text:
        return ""
    # Not `split()`, which would take no-break spaces for white space.
    words = [word for word in text.replace("\t", " ").replace("\n", " ").replace("\r", " ").split(" ") if word]
    before = " " if text[0] in " \t\r\n" else ""
    after = " " if text[-1] in " \t\r\n" and words else ""
    return before + " ".join(words) + after


class _Loose:
    """Text that stands between blocks, until one begins."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        """Take more, its white space single already."""
        self._parts.append(text)

    def taken(self) -> Iterator[Block]:
        """What there is, and begin anew."""
        lines = "".join(self._parts).split("\n")
        self._parts = []
        text = "\n".join(" ".join(word for word in line.split(" ") if word) for line in lines).strip()
        if text:
            yield Paragraph(text)


def _named(parent: etree._Element, name: str) -> Iterator[etree._Element]:
    return parent.iterchildren(f"{{{NAMESPACE}}}{name}")


def _name(element: etree._Element) -> str:
    tag = str(element.tag)
    return tag.rpartition("}")[2] if tag.startswith(f"{{{NAMESPACE}}}") else ""
