"""`dmp jobs`: the background jobs, as the host's operator has them done by the running suite."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from policy.cli.app import RULES, Folder, loaded
from services.cli.app import FAILED, HELD, NOT_OPENED, Json, jobs

if TYPE_CHECKING:
    from services.client.jobs import Progress
    from services.runtime.settings import Settings

OPERATOR: Final = "operator"
"""Of the demo world: who asks in development."""
TOKEN: Final = "DMP_TOKEN"  # noqa: S105 - the variable's name
UNREACHED: Final = "UNAVAILABLE"


@jobs.command("list")
def list_jobs(folder: Folder = RULES, as_json: Json = False) -> None:
    """The jobs that there are."""
    from services.client.jobs import NAMES, action

    actions = loaded(folder, as_json).vocabulary.actions
    titles = {name: actions[action(name)].title for name in NAMES}
    if as_json:
        told = {name: {"fr": title.fr, "en": title.en} for name, title in titles.items()}
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    table = Table("name", "français", "English", title="dmp jobs run NAME")
    for name, title in titles.items():
        table.add_row(name, title.fr, title.en)
    Console().print(table)


@jobs.command("run")
def run_job(
    name: Annotated[str, typer.Argument(help="which job; `dmp jobs list` tells them")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count what is due, and do nothing")] = False,
    as_json: Json = False,
) -> None:
    """Have a job done; one that was cut off goes on where it stopped when it is run again.

    Exit 0 when nothing that was due is left, 1 when something is, 2 when no suite answers.
    """
    from services.client.calls import opened
    from services.client.jobs import NAMES, run
    from services.runtime import settings

    if name not in NAMES:
        raise typer.BadParameter(f"`{name}` is no job; there are: {', '.join(NAMES)}")
    read = settings.read(os.environ)
    with opened(read) as suite, _bar(quiet=as_json) as bar:
        line = bar.add_task(name, total=None)
        progress = run(
            suite,
            _token(read),
            name,
            lambda told: bar.update(line, total=told.due, completed=told.done + told.failures.total()),
            dry_run=dry_run,
        )
    _tell(name, progress, dry_run, as_json)
    unreached = progress.refused.startswith(UNREACHED)
    raise typer.Exit(NOT_OPENED if unreached else HELD if progress.held else FAILED)


def _bar(*, quiet: bool) -> Bar:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Bar(*columns, console=Console(stderr=True), disable=quiet)


def _token(read: Settings) -> str:
    """That of the environment; in development, one that the local issuer makes for the operator of the demo world."""
    if given := os.environ.get(TOKEN):
        return given
    from services.demo import PEOPLE
    from services.runtime import local_issuer

    return local_issuer.issue_token(read, local_issuer.people(PEOPLE)[OPERATOR])


def _tell(name: str, progress: Progress, dry_run: bool, as_json: bool) -> None:
    if as_json:
        told = {
            "job": name,
            "dry_run": dry_run,
            "due": progress.due,
            "done": progress.done,
            "put_off": progress.put_off,
        }
        typer.echo(json.dumps({**told, "failures": dict(progress.failures), "refused": progress.refused}))
        return
    console = Console(highlight=False)
    if progress.refused.startswith(UNREACHED):
        console.print("[red]no suite answers[/]: start one (make run), or set DMP_HOST and DMP_RECORDS_PORT")
    elif progress.refused:
        console.print(f"[red]the suite refused[/] ({progress.refused}): the token must be of a HOST_OPERATOR")
    elif dry_run:
        console.print(f"{progress.due} records are due; nothing was done")
    else:
        mark = "[green]✓[/]" if progress.held else "[red]✗[/]"
        console.print(f"{mark} {name}: done on {progress.done} of {progress.due} records that were due")
    if progress.put_off:
        console.print(f"  [yellow]{progress.put_off} tried again later[/]: the receiver has not taken everything")
    for reason, count in progress.failures.items():
        console.print(f"  [red]{count} not done[/]: {reason}; run it again, and look at the log of the suite")
