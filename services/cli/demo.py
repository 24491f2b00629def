"""`dmp demo` and `dmp token`: the demo world, and tokens for its people."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.app import FAILED, HELD, Json, app


@app.command()
def token(
    name: Annotated[str | None, typer.Option("--as", help="somebody of the demo world")] = None,
    as_json: Json = False,
) -> None:
    """Print a token of the local issuer for somebody of the demo world; without a name, who there is."""
    from services.demo import PEOPLE
    from services.runtime import local_issuer, settings

    people = local_issuer.people(PEOPLE)
    if name is None:
        _list_people(people, as_json)
        return
    if name not in people:
        raise typer.BadParameter(f"nobody is called `{name}` in the demo world; there are: {', '.join(people)}")
    issued = local_issuer.issue_token(settings.read(os.environ), people[name])
    typer.echo(json.dumps({"token": issued, "name": name}) if as_json else issued)


def _list_people(people: dict[str, dict[str, object]], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(people, ensure_ascii=False))
        return
    table = Table("--as", "name", "kind", "profession", title="People of the demo world (all invented)")
    for key, person in people.items():
        table.add_row(key, str(person["name"]), str(person["kind"]), str(person.get("profession", "")))
    Console().print(table)


@app.command()
def demo(as_json: Json = False) -> None:
    """Tell the founding document's story over gRPC; exit 0 only if every step answered as the rules say."""
    from services.demo.story import tell

    raise typer.Exit(HELD if tell(as_json=as_json) else FAILED)
