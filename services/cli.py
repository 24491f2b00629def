"""The `dmp` command: serve, tokens, the demo, and the officers' tools on rules."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from policy.cli import HELD, NOT_OPENED
from policy.cli import app as rules

app = typer.Typer(
    no_args_is_help=True, help="Access control for the shared medical record (DMP).", add_completion=False
)
app.add_typer(rules, name="rules")
database = typer.Typer(no_args_is_help=True, help="The tables of the database: bring them up to date, or back.")
app.add_typer(database, name="database")
SERVICES = ("authorization", "records", "documents")
Json = Annotated[bool, typer.Option("--json", help="answer as JSON, for programs")]


def main() -> None:
    """Run the command line; a refused start is told in whole sentences and ends with 2."""
    from services.runtime.settings import SettingsRefused

    try:
        app()
    except SettingsRefused as refused:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        for reason in refused.reasons:
            console.print(reason, style="red", markup=False)
        raise SystemExit(NOT_OPENED) from None


@app.command()
def serve(
    which: Annotated[str, typer.Argument(help=f"all, or one of {', '.join(SERVICES)}")] = "all",
) -> None:
    """Serve over gRPC until told to end (SIGTERM, Ctrl-C); SIGHUP loads the rule files anew."""
    from importlib import import_module

    from services.runtime import server, settings

    if which not in ("all", *SERVICES):
        raise typer.BadParameter(f"`{which}` is not a service; there are: all, {', '.join(SERVICES)}")
    names = SERVICES if which == "all" else (which,)
    features = [import_module(f"services.{name}.handlers").FEATURE for name in names]
    server.serve(settings.read(os.environ), features)


@database.command("upgrade")
def upgrade_database(as_json: Json = False) -> None:
    """Bring the tables of DMP_DATABASE_URL to this program's version; on PostgreSQL as their owner."""
    _move_database("", as_json)


@database.command("downgrade")
def downgrade_database(
    version: Annotated[str, typer.Argument(help="the version to go back to, such as 0001, or base")],
    as_json: Json = False,
) -> None:
    """Take the tables back to an older version; refused where traces would be lost."""
    _move_database(version, as_json)


def _move_database(version: str, as_json: bool) -> None:
    from services.runtime import settings
    from services.store import schema
    from services.store.errors import StartRefused

    try:
        reached = schema.move(settings.database_url(os.environ), down_to=version)
    except StartRefused as refused:
        raise settings.SettingsRefused([str(refused)]) from refused
    typer.echo(json.dumps({"version": reached}) if as_json else f"the tables are of version {reached}")


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

    raise typer.Exit(HELD if tell(as_json=as_json) else 1)


if __name__ == "__main__":
    main()
