"""`dmp rules docs`: the page that says who may do what, by which rule, why."""

from __future__ import annotations

import json

import typer

from policy.cli.app import FAILED, HELD, RULES, Folder, Json, app, loaded


@app.command()
def docs(folder: Folder = RULES, as_json: Json = False) -> None:
    """Write RULES.md anew from the rule files; exit 1 when it was stale."""
    from policy.docs import NAME, page

    text, path = page(loaded(folder, as_json)), folder / NAME
    stale = not path.exists() or path.read_text("utf-8") != text
    if stale:
        path.write_text(text, "utf-8")
    if as_json:
        typer.echo(json.dumps({"held": not stale, "written": [NAME] if stale else []}))
    else:
        typer.echo(f"written anew: {folder.name}/{NAME}" if stale else f"{folder.name}/{NAME} is as the rules say")
    raise typer.Exit(FAILED if stale else HELD)
