"""`dmp rules matrix`: who may see which type of document, on the terminal, as a page, to a spreadsheet and back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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
    Lang,
    app,
    loaded,
    plain,
    tell_faults,
    tell_written,
)
from policy.errors import FaultList, RuleFaults
from policy.language import Language, is_one, say
from policy.ruleset import RuleSet
from policy.shape import Text

if TYPE_CHECKING:
    from policy.matrix.grid import Cell, Grid
    from policy.matrix.sheet import Change
    from policy.matrix.view import View


NOTHING_WRITTEN = Text("rien n'a été écrit", "nothing was written")
_SHEET = Text(
    "l'ouvrir, écrire les marques, enregistrer en *CSV UTF-8*, puis [bold]dmp rules matrix --import {path}[/]",
    "open it, write the marks, save it as *CSV UTF-8*, then [bold]dmp rules matrix --import {path}[/]",
)
_PAGE = Text("l'ouvrir dans un navigateur", "open it in a browser")
_NO_CHANGE = Text("aucune case ne diffère ; rien n'a été écrit", "no cell differs; nothing was written")
_CHANGED = Text("{n} cases de {file} changées", "{n} cells of {file} changed")
_CHANGED_ONE = Text("{n} case de {file} changée", "{n} cell of {file} changed")
_COLUMNS = (Text("ligne", "row"), Text("colonne", "column"), Text("avant", "before"), Text("après", "after"))
_NEXT = Text(
    "ensuite : [bold]dmp rules test[/], et [bold]dmp rules matrix[/] pour voir",
    "next: [bold]dmp rules test[/], and [bold]dmp rules matrix[/] to look at it",
)


@app.command()
def matrix(  # noqa: PLR0913 - one parameter for each option
    *,
    profile: Annotated[str, typer.Option(help="profile that is asked")] = DEFAULT_PROFILE,
    mode: Annotated[str, typer.Option(help="access mode that is asked")] = "normal",
    html: Annotated[Path | None, typer.Option(help="write every profile and mode into one page")] = None,
    export: Annotated[Path | None, typer.Option(help="write the table for a spreadsheet")] = None,
    import_: Annotated[Path | None, typer.Option("--import", help="take the marks of a spreadsheet's CSV file")] = None,
    folder: Folder = RULES,
    language: Lang = "fr",
    as_json: Json = False,
) -> None:
    """Show who may see which type of document, as the rules decide it; or exchange the table with a spreadsheet."""
    from policy.matrix.view import read_view

    ruleset = loaded(folder, as_json, language=language)
    try:
        view = read_view(ruleset)
    except RuleFaults as error:
        tell_faults(error, as_json, language=language)
        raise typer.Exit(INVALID_RULES) from None
    if export or html:
        for path, then in _write(ruleset, view, html, export):
            tell_written(path, then, language)
    elif import_:
        _import(ruleset, view, import_, language, as_json)
    else:
        _show(ruleset, view, (profile, mode), language, as_json)
    raise typer.Exit(HELD)


def _source(ruleset: RuleSet, view: View) -> Path:
    file = next(source.file for source in ruleset.vocabulary.tables if source.name == view.table)
    return ruleset.folder / file


def _write(ruleset: RuleSet, view: View, html: Path | None, export: Path | None) -> Iterator[tuple[Path, Text]]:
    """Each file as it was written, and what to do with it."""
    from policy.matrix.grid import ask
    from policy.matrix.html import html as page
    from policy.matrix.sheet import export as sheet

    try:
        if export:
            export.write_bytes(sheet(_source(ruleset, view).read_bytes().decode("utf-8-sig")))
            yield export, Text(_SHEET.fr.format(path=plain(str(export))), _SHEET.en.format(path=plain(str(export))))
        if html:
            profiles = sorted(ruleset.profiles, key=lambda name: name != DEFAULT_PROFILE)
            grids = [ask(ruleset, view, profile, mode) for profile in profiles for mode in view.modes.values()]
            html.write_text(page(ruleset, view, grids), "utf-8")
            yield html, _PAGE
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")


def _import(ruleset: RuleSet, view: View, path: Path, language: Language, as_json: bool) -> None:
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
        merged, changes = merge(text, source, sheet, str(path), faults)
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json, NOTHING_WRITTEN, language)
        raise typer.Exit(INVALID_RULES)
    if changes:
        _replace(target, merged)
    if as_json:
        typer.echo(json.dumps({"held": True, "changes": [asdict(change) for change in changes]}, ensure_ascii=False))
    else:
        _tell_changes(changes, ruleset.file(target.name), language)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(text.encode("utf-8"))
    Path(file.name).chmod(path.stat().st_mode)
    Path(file.name).replace(path)


def _tell_changes(changes: Sequence[Change], target: str, language: Language) -> None:
    console = Console(emoji=False, highlight=False)
    if not changes:
        console.print(say(_NO_CHANGE, language))
        return
    title = _CHANGED_ONE if is_one(len(changes), language) else _CHANGED
    heads = (say(head, language) for head in _COLUMNS)
    table = Table(*heads, title=say(title, language).format(n=len(changes), file=plain(target)))
    for change in changes:
        table.add_row(*(plain(text) for text in (change.row, change.column, change.before, change.after)))
    console.print(table)
    console.print(say(_NEXT, language))


def _show(ruleset: RuleSet, view: View, asked: tuple[str, str], language: Language, as_json: bool) -> None:
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

    show(view, grid, Console(emoji=False, highlight=False), language)


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
