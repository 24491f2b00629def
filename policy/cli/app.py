"""What every command of `dmp rules` shares: the folder that it reads, its exit codes and how faults are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from policy.errors import RuleFaults
from policy.ruleset import RuleSet, load

HELD, FAILED, NOT_OPENED, INVALID_RULES = 0, 1, 2, 3
DEFAULT_PROFILE = "seed-2011"
RULES = Path(__file__).resolve().parents[2] / "rules"

app = typer.Typer(
    no_args_is_help=True, help="Check, test and ask the rule files (vérifier, essayer, interroger les règles)."
)
Folder = Annotated[
    Path, typer.Option("--rules", help="folder of the rule files", envvar="DMP_RULES", show_default="rules")
]
Json = Annotated[bool, typer.Option("--json", help="answer as JSON, for programs")]


def loaded(folder: Path, as_json: bool, called: str = "") -> RuleSet:
    """The rule set, or the end of the program with every fault told; its files are below `called`, or the folder."""
    try:
        return load(folder, called or name_of(folder))
    except RuleFaults as error:
        tell_faults(error, as_json)
        raise typer.Exit(INVALID_RULES) from None


def name_of(folder: Path) -> str:
    """A folder as it was given; the one that is taken when none is given, from here."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder == RULES and folder.is_relative_to(here) else folder)


def tell_faults(error: RuleFaults, as_json: bool, consequence: str = "; nothing was loaded") -> None:
    """Every fault with its place and what to do, and what follows from them."""
    if as_json:
        places = [
            {
                "file": f.place.file,
                "line": f.place.line,
                "column": f.place.column,
                "message": f.message,
                "advice": f.advice,
            }
            for f in error.faults
        ]
        typer.echo(json.dumps({"held": False, "faults": places}, ensure_ascii=False))
        return
    console = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)
    for fault in error.faults:
        advice = f" [green]({plain(fault.advice)})[/]" if fault.advice else ""
        console.print(f"[bold]{plain(str(fault.place))}:[/] [red]{plain(fault.message)}[/]{advice}")
    console.print(f"[bold red]{len(error.faults)} fault(s)[/]{consequence}")


def plain(text: str) -> str:
    """Text in which brackets are not markup."""
    return text.replace("[", "\\[")
