"""`dmp serve` and `dmp database`: the suite, and the tables that it needs."""

from __future__ import annotations

import json
import os
from typing import Annotated

import typer

from services.cli.app import Json, app, database

SERVICES = ("authorization", "records", "documents")


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
