"""`dmp rules docs`: the page that says who may do what, by which rule, why."""

from __future__ import annotations

import json
from pathlib import PurePath

import typer

from policy.cli.app import FAILED, HELD, INVALID_RULES, RULES, Folder, Json, Lang, app, loaded, tell_faults
from policy.errors import RuleFaults
from policy.language import say
from policy.ruleset import ELSEWHERE
from policy.shape import Text


@app.command()
def docs(folder: Folder = RULES, language: Lang = "fr", as_json: Json = False) -> None:
    """Write RULES.md anew from the rule files; exit 1 when it was stale."""
    from policy.docs import NAME, page

    ruleset = loaded(folder, as_json, language=language)
    if told := [fault for fault in ruleset.loose if PurePath(fault.place.file).name in ELSEWHERE]:
        tell_faults(RuleFaults(told), as_json, Text("rien n'a été écrit", "nothing was written"), language)
        raise typer.Exit(INVALID_RULES)
    text, path, name = page(ruleset), folder / NAME, ruleset.file(NAME)
    stale = not path.exists() or path.read_text("utf-8") != text
    if stale:
        path.write_text(text, "utf-8")
    if as_json:
        typer.echo(json.dumps({"held": not stale, "written": [NAME] if stale else []}))
    else:
        anew = Text(f"réécrit : {name}", f"written anew: {name}")
        fresh = Text(f"{name} est tel que les règles le disent", f"{name} is as the rules say")
        typer.echo(say(anew if stale else fresh, language))
    raise typer.Exit(FAILED if stale else HELD)
