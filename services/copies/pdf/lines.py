"""Breaks text into lines."""

from __future__ import annotations

from collections.abc import Iterator

from services.copies.pdf.font import Face


def broken(text: str, face: Face, size: float, width: float) -> list[str]:
    """The lines of a text that fit into a width, of characters that can be printed; at least one."""
    return [line for part in text.split("\n") for line in _lines(face.shown(part), face, size, width)] or [""]


def _lines(text: str, face: Face, size: float, width: float) -> Iterator[str]:
    space, line, filled = face.widths[" "] * size, "", 0.0
    for word in text.split(" "):
        needed = face.width(word, size)
        if line and filled + space + needed > width:
            yield line
            line, filled = "", 0.0
        if needed > width:
            *whole, word = _pieces(word, face, size, width)  # noqa: PLW2901 - the rest of the word goes on
            yield from whole
            needed = face.width(word, size)
        line, filled = (f"{line} {word}", filled + space + needed) if line else (word, needed)
    yield line


def _pieces(word: str, face: Face, size: float, width: float) -> Iterator[str]:
    """A word that is wider than the line, cut where it must be."""
    begun, filled = 0, 0.0
    for place, char in enumerate(word):
        needed = face.widths[char] * size
        if place > begun and filled + needed > width:
            yield word[begun:place]
            begun, filled = place, 0.0
        filled += needed
    yield word[begun:]
