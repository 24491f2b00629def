"""The `dmp` command as a whole: its groups, its exit codes, and how a refused start is told."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from policy.cli import FAILED, HELD, NOT_OPENED
from policy.cli import app as rules

__all__ = ["FAILED", "HELD", "NOT_OPENED", "Json", "app", "database", "jobs", "keys", "main"]

app = typer.Typer(
    no_args_is_help=True, help="Access control for the shared medical record (DMP).", add_completion=False
)
app.add_typer(rules, name="rules")
database = typer.Typer(no_args_is_help=True, help="The tables of the database: bring them up to date, or back.")
app.add_typer(database, name="database")
keys = typer.Typer(no_args_is_help=True, help="Copies of the wrapped keys, apart from the backups of the database.")
app.add_typer(keys, name="keys")
jobs = typer.Typer(no_args_is_help=True, help="Background jobs, done by the running suite (tâches de fond).")
app.add_typer(jobs, name="jobs")
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
