"""Tables, links and anchors of a Markdown page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from policy.docs.phrases import Line

Row = Sequence[str]
_INDENT: Final = "&emsp;"


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table; a bar in a cell does not end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def lines(said: Iterable[Line]) -> str:
    """Lines in one cell, indented as deep as they are."""
    return "<br>".join(f"{_INDENT * depth}• {text}" for depth, text in said)


def anchor(name: str) -> str:
    """A name that `link` leads to."""
    return f'<a id="{name}"></a>`{name}`'


def link(name: str) -> str:
    """A way to where the name is explained."""
    return f"[`{name}`](#{name})"


def links(names: Iterable[str]) -> str:
    """Several of them."""
    return " ".join(link(name) for name in names)


def quoted(text: str) -> str:
    """Text in which brackets and stars are no Markdown."""
    return "".join(f"\\{letter}" if letter in "[]*_<>`" else letter for letter in text)
