"""A grid on a terminal: one letter a cell, every column shown however narrow the terminal is."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from policy.matrix.grid import Cell, Grid, Line
from policy.matrix.view import View

_NARROWEST: Final = 12
"""Characters of a row's title that are shown at least."""


def show(view: View, grid: Grid, console: Console) -> None:
    """Print it with its heading and its legend; titles of rows take what the columns leave of the width."""
    keys = max(len(line.key) for line in grid.lines)
    titles = max(_NARROWEST, console.width - keys - 2 * len(grid.columns) - 2)
    console.print(Text(f"{grid.profile} — {grid.mode.title.fr}", style="bold"))
    console.print(Text(grid.mode.title.en, style="dim"))
    for height in range(max(map(len, grid.columns)), 0, -1):
        letters = " ".join(name[-height] if len(name) >= height else " " for name in grid.columns)
        console.print(Text(f"{' ' * (keys + titles + 2)}{letters}", style="bold"), soft_wrap=True)
    for group, lines in groupby(grid.lines, key=lambda line: line.group):
        console.print(Text(group, style="bold cyan"))
        for line in lines:
            console.print(_row(line, keys, titles), soft_wrap=True)
    _legend(view, grid, console)


def _row(line: Line, keys: int, titles: int) -> Text:
    title = line.title if len(line.title) <= titles else f"{line.title[: titles - 1]}…"
    return Text(f"{line.key:{keys}} {title:{titles}} ") + Text(" ").join(_letter(cell) for cell in line.cells)


def _letter(cell: Cell) -> Text:
    """Its provenance, in capitals where it is open."""
    if not cell.as_marked:
        return Text("!" if cell.permitted else "X", style="bold yellow")
    letter = cell.mark[:1]
    return Text(letter, style="bold green") if cell.permitted else Text(letter.lower(), style="dim")


def _legend(view: View, grid: Grid, console: Console) -> None:
    console.print(f"{grid.permitted} of {sum(len(line.cells) for line in grid.lines)} cells are open")
    against = "against the mark, by another rule: [yellow]![/] open, [yellow]X[/] closed"
    letters = " ".join(view.provenance)
    console.print(f"[green]{letters}[/] open · [dim]{letters.lower()}[/] closed · {against}")
    told = "; ".join(f"{letter}: {text.fr} ({text.en})" for letter, text in view.provenance.items())
    console.print(Text(told, style="dim"))
