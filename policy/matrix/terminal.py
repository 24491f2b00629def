"""A grid on a terminal: one letter a cell, every column shown however narrow the terminal is."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from policy.language import Language, say
from policy.matrix.grid import Cell, Grid, Line
from policy.matrix.view import View
from policy.shape import Text as Said

_OPEN: Final = Said("{open} cases ouvertes sur {of}", "{open} of {of} cells are open")
_LETTERS: Final = Said(
    "[green]{open}[/] ouvertes · [dim]{closed}[/] fermées · contre la marque, par une autre règle : "
    "[yellow]![/] ouverte, [yellow]X[/] fermée",
    "[green]{open}[/] open · [dim]{closed}[/] closed · against the mark, by another rule: [yellow]![/] open, "
    "[yellow]X[/] closed",
)
_NARROWEST: Final = 12
"""Characters of a row's title that are shown at least."""


def show(view: View, grid: Grid, console: Console, language: Language) -> None:
    """Print it with its heading and its legend; titles of rows take what the columns leave of the width."""
    keys = max(len(line.key) for line in grid.lines)
    titles = max(_NARROWEST, console.width - keys - 2 * len(grid.columns) - 2)
    console.print(Text(f"{grid.profile} — {say(grid.mode.title, language)}", style="bold"))
    for height in range(max(map(len, grid.columns)), 0, -1):
        letters = " ".join(name[-height] if len(name) >= height else " " for name in grid.columns)
        console.print(Text(f"{' ' * (keys + titles + 2)}{letters}", style="bold"), soft_wrap=True)
    for group, lines in groupby(grid.lines, key=lambda line: line.group):
        console.print(Text(group, style="bold cyan"))
        for line in lines:
            console.print(_row(line, keys, titles), soft_wrap=True)
    _legend(view, grid, console, language)


def _row(line: Line, keys: int, titles: int) -> Text:
    title = line.title if len(line.title) <= titles else f"{line.title[: titles - 1]}…"
    return Text(f"{line.key:{keys}} {title:{titles}} ") + Text(" ").join(_letter(cell) for cell in line.cells)


def _letter(cell: Cell) -> Text:
    """Its provenance, in capitals where it is open."""
    if not cell.as_marked:
        return Text("!" if cell.permitted else "X", style="bold yellow")
    letter = cell.mark[:1]
    return Text(letter, style="bold green") if cell.permitted else Text(letter.lower(), style="dim")


def _legend(view: View, grid: Grid, console: Console, language: Language) -> None:
    cells = sum(len(line.cells) for line in grid.lines)
    console.print(say(_OPEN, language).format(open=grid.permitted, of=cells))
    letters = " ".join(view.provenance)
    console.print(say(_LETTERS, language).format(open=letters, closed=letters.lower()))
    told = " · ".join(f"{letter} = {say(text, language)}" for letter, text in view.provenance.items())
    console.print(Text(told, style="dim"))
