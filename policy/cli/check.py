"""`dmp rules check` and `dmp rules schema`: whether the files can be loaded, and what editors complete them with."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress

import typer
from rich.console import Console

from policy.casebook import run
from policy.cli.app import FAILED, HELD, INVALID_RULES, RULES, Folder, Json, app, loaded, tell_faults
from policy.errors import FaultList, RuleFaults


@app.command()
def check(folder: Folder = RULES, as_json: Json = False) -> None:
    """Read every rule file and tell every fault at once, with its place and what to do."""
    ruleset = loaded(folder, as_json)
    faults = FaultList()
    with suppress(RuleFaults):  # so many that reading stopped; `faults` has them
        run(ruleset, faults)  # the test tables are rule files too
    if faults.faults:
        tell_faults(RuleFaults(faults.faults), as_json)
        raise typer.Exit(INVALID_RULES)
    effects = Counter(rule.effect for rule in ruleset.rules)
    figures = {
        "rules": len(ruleset.rules),
        **{effect: effects[effect] for effect in ("permit", "deny", "oblige")},
        "profiles": list(ruleset.profiles),
        "digest": ruleset.digest,
    }
    if as_json:
        typer.echo(json.dumps({"held": True, "faults": [], **figures}))
        return
    counts = ", ".join(f"{effects[effect]} {effect}" for effect in ("permit", "deny", "oblige"))
    console = Console(highlight=False)
    console.print(f"[green]✓[/] {len(ruleset.rules)} rules ({counts}) in profiles {', '.join(ruleset.profiles)}")
    console.print(f"  digest {ruleset.digest[:16]}…")


@app.command()
def schema(folder: Folder = RULES, as_json: Json = False) -> None:
    """Write the JSON Schemas that editors complete rule files with; exit 1 when they were stale."""
    from policy.schema import write

    changed = [path.name for path in write(loaded(folder, as_json), folder / "schema")]
    if as_json:
        typer.echo(json.dumps({"held": not changed, "written": changed}))
    else:
        typer.echo(f"written anew: {', '.join(changed)}" if changed else "the schemas are as the vocabulary says")
    raise typer.Exit(FAILED if changed else HELD)
