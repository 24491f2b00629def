"""`dmp rules matrix`: who may see which type of document, on the terminal, as a page, to a spreadsheet and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from policy.cli.app import (
    DEFAULT_PROFILE,
    HELD,
    INVALID_RULES,
    NOT_OPENED,
    RULES,
    Folder,
    Json,
    app,
    loaded,
    plain,
    tell_faults,
)
from policy.errors import FaultList, RuleFaults
from policy.ruleset import RuleSet

if TYPE_CHECKING:
    from policy.matrix.grid import Cell, Grid
    from policy.matrix.sheet import Change
    from policy.matrix.view import View


@app.command()
def matrix(  # noqa: PLR0913 - one parameter for each option
    *,
    profile: Annotated[str, typer.Option(help="profile that is asked")] = DEFAULT_PROFILE,
    mode: Annotated[str, typer.Option(help="access mode that is asked")] = "normal",
    html: Annotated[Path | None, typer.Option(help="write every profile and mode into one page")] = None,
    export: Annotated[Path | None, typer.Option(help="write the table for a spreadsheet")] = None,
    import_: Annotated[Path | None, typer.Option("--import", help="take the marks of a spreadsheet's CSV file")] = None,
    folder: Folder = RULES,
    as_json: Json = False,
) -> None:
    """Show who may see which type of document, as the rules decide it; or exchange the table with a spreadsheet."""
    from policy.matrix.view import read_view

    ruleset = loaded(folder, as_json)
    try:
        view = read_view(ruleset)
    except RuleFaults as error:
        tell_faults(error, as_json)
        raise typer.Exit(INVALID_RULES) from None
    if export or html:
        _write(ruleset, view, html, export)
    elif import_:
        _import(ruleset, view, import_, as_json)
    else:
        _show(ruleset, view, (profile, mode), as_json)
    raise typer.Exit(HELD)


def _source(ruleset: RuleSet, view: View) -> Path:
    file = next(source.file for source in ruleset.vocabulary.tables if source.name == view.table)
    return ruleset.folder / file


def _write(ruleset: RuleSet, view: View, html: Path | None, export: Path | None) -> None:
    from policy.matrix.grid import ask
    from policy.matrix.html import html as page
    from policy.matrix.sheet import export as sheet

    try:
        if export:
            export.write_bytes(sheet(_source(ruleset, view).read_bytes().decode("utf-8-sig")))
        if html:
            profiles = sorted(ruleset.profiles, key=lambda name: name != DEFAULT_PROFILE)
            grids = [ask(ruleset, view, profile, mode) for profile in profiles for mode in view.modes.values()]
            html.write_text(page(ruleset, view, grids), "utf-8")
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")


def _import(ruleset: RuleSet, view: View, path: Path, as_json: bool) -> None:
    """Nothing is written unless every cell can be taken."""
    from policy.matrix.sheet import merge

    target, faults = _source(ruleset, view), FaultList()
    source = next(source for source in ruleset.vocabulary.tables if source.name == view.table)
    try:
        sheet, text = path.read_bytes(), target.read_bytes().decode("utf-8")
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")
        return
    merged, changes = text, list["Change"]()
    with suppress(RuleFaults):  # so many that reading stopped; `faults` has them
        merged, changes = merge(text, source, sheet, path.name, faults)
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json)
        raise typer.Exit(INVALID_RULES)
    if changes:
        _replace(target, merged)
    _tell_changes(changes, as_json, target)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(text.encode("utf-8"))
    Path(file.name).chmod(path.stat().st_mode)
    Path(file.name).replace(path)


def _tell_changes(changes: Sequence[Change], as_json: bool, target: Path) -> None:
    if as_json:
        typer.echo(json.dumps({"held": True, "changes": [asdict(change) for change in changes]}, ensure_ascii=False))
        return
    console = Console(emoji=False, highlight=False)
    if not changes:
        console.print("no cell differs; nothing was written")
        return
    table = Table("row", "column", "before", "after", title=f"{len(changes)} cells of {target.name} changed")
    for change in changes:
        table.add_row(*(plain(text) for text in (change.row, change.column, change.before, change.after)))
    console.print(table)
    console.print("next: [bold]dmp rules test[/], and [bold]dmp rules matrix[/] to look at it")


def _show(ruleset: RuleSet, view: View, asked: tuple[str, str], as_json: bool) -> None:
    from policy.matrix.grid import ask

    profile, mode = asked
    for word, known in ((profile, ruleset.profiles), (mode, tuple(view.modes))):
        if word not in known:
            _refuse(f"unknown `{word}`; there are: {', '.join(known)}")
    grid = ask(ruleset, view, profile, view.modes[mode])
    if as_json:
        typer.echo(json.dumps(_as_json(grid), ensure_ascii=False))
        return
    from policy.matrix.terminal import show

    show(view, grid, Console(emoji=False, highlight=False))


def _as_json(grid: Grid) -> dict[str, Any]:
    lines = [
        {"type": line.key, "title": line.title, "group": line.group, "cells": [_cell_json(cell) for cell in line.cells]}
        for line in grid.lines
    ]
    return {"profile": grid.profile, "mode": grid.mode.name, "columns": list(grid.columns), "rows": lines}


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {"permitted": cell.permitted, "mark": cell.mark, "rules": list(cell.rules)}


def _refuse(message: str) -> None:
    Console(emoji=False, stderr=True, highlight=False).print(plain(message))
    raise typer.Exit(NOT_OPENED)
