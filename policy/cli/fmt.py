"""`dmp rules fmt`: the rule files in their one canonical layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from policy.cli.app import (
    FAILED,
    HELD,
    INVALID_RULES,
    NOT_OPENED,
    RULES,
    Folder,
    Json,
    Lang,
    app,
    name_of,
    plain,
    tell_faults,
)
from policy.errors import FaultList, RuleFaults
from policy.language import Language, say
from policy.ruleset import file_name
from policy.shape import Text

_NONE = Text(
    "{folder} ne contient aucun fichier de règles ; en nommer un autre avec --rules",
    "{folder} holds no rule file; name another with --rules",
)
_WOULD, _LAID = Text("serait mis en forme :", "would change"), Text("mis en forme :", "laid out")
_NEXT = Text("ensuite : [bold]dmp rules fmt[/]", "next: [bold]dmp rules fmt[/]")
_FIGURE = Text("{held} fichiers sur {files} étaient déjà en forme", "{held} of {files} files were in their layout")


@app.command()
def fmt(
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; exit 1 when a file is not laid out so")
    ] = False,
    folder: Folder = RULES,
    language: Lang = "fr",
    as_json: Json = False,
) -> None:
    """Lay every rule file out in its canonical form; comments stay, and no decision changes."""
    from policy.layout import BY_HAND

    paths = [path for path in sorted(folder.rglob("*.yaml")) if path.name not in BY_HAND]
    if not paths:
        Console(emoji=False, stderr=True, highlight=False).print(
            plain(say(_NONE, language).format(folder=name_of(folder)))
        )
        raise typer.Exit(NOT_OPENED)
    faults = FaultList()
    texts = {path: laid for path in paths if (laid := _changed(path, folder, faults)) is not None}
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json, language=language)
        raise typer.Exit(INVALID_RULES)
    if not check:
        for path, text in texts.items():
            path.write_bytes(text.encode("utf-8"))
    _tell([_name(path, folder) for path in texts], len(paths), check, language, as_json)
    raise typer.Exit(FAILED if check and texts else HELD)


def _name(path: Path, folder: Path) -> str:
    return file_name(name_of(folder), path.relative_to(folder).as_posix())


def _changed(path: Path, folder: Path, faults: FaultList) -> str | None:
    """The file laid out, where that is not what it is."""
    from policy.layout import laid_out
    from policy.source import content_of, parse

    name = _name(path, folder)
    known = len(faults.faults)
    content = content_of(path, name, faults)
    if content is not None:
        parse(content, name, faults)  # tells what is no text, or too large
    if content is None or len(faults.faults) > known:
        return None
    text = content.decode("utf-8")
    laid = laid_out(text, name, faults)
    return laid if laid != text else None


def _tell(names: list[str], files: int, check: bool, language: Language, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"held": not (check and names), "files": files, "changed": names}))
        return
    console = Console(emoji=False, highlight=False)
    for name in names:
        console.print(f"[yellow]{say(_WOULD if check else _LAID, language)}[/] {plain(name)}")
    if check and names:
        console.print(say(_NEXT, language))
    console.print(say(_FIGURE, language).format(held=files - len(names), files=files))
