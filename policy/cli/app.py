"""What every command of `dmp rules` shares: the folder that it reads, its exit codes and how faults are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from policy.errors import RuleFaults
from policy.language import Language, is_one, say
from policy.ruleset import RuleSet, load
from policy.shape import Text

HELD, FAILED, NOT_OPENED, INVALID_RULES = 0, 1, 2, 3
DEFAULT_PROFILE = "seed-2011"
RULES = Path(__file__).resolve().parents[2] / "rules"

app = typer.Typer(
    no_args_is_help=True, help="Check, test and ask the rule files (vérifier, essayer, interroger les règles)."
)
Folder = Annotated[
    Path, typer.Option("--rules", help="folder of the rule files", envvar="DMP_RULES", show_default="rules")
]
Lang = Annotated[Language, typer.Option("--lang", help="language of what is told (langue : fr, en)")]
Json = Annotated[bool, typer.Option("--json", help="answer as JSON, for programs")]


NOTHING_LOADED = Text("rien n'a été chargé", "nothing was loaded")


def loaded(folder: Path, as_json: bool, called: str = "", language: Language = "fr") -> RuleSet:
    """The rule set, or the end of the program with every fault told; its files are below `called`, or the folder."""
    try:
        return load(folder, called or name_of(folder))
    except RuleFaults as error:
        tell_faults(error, as_json, language=language)
        raise typer.Exit(INVALID_RULES) from None


def name_of(folder: Path) -> str:
    """A folder as it was given; the one that is taken when none is given, from here."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder == RULES and folder.is_relative_to(here) else folder)


def tell_written(path: Path, then: Text, language: Language) -> None:
    """What was written, and what to do with it; on standard error, where no program takes it for an answer."""
    console = Console(emoji=False, stderr=True, highlight=False, soft_wrap=True)
    written = Text(f"écrit : {plain(str(path))}", f"written: {plain(str(path))}")
    console.print(f"[green]✓[/] {say(written, language)}")
    console.print(f"  {say(Text(f'ensuite : {then.fr}', f'next: {then.en}'), language)}")


def tell_faults(
    error: RuleFaults, as_json: bool, consequence: Text = NOTHING_LOADED, language: Language = "fr"
) -> None:
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
    one = is_one(len(error.faults), language)
    counted = Text("erreur" if one else "erreurs", "fault" if one else "faults")
    follows = Text(f" ; {consequence.fr}", f"; {consequence.en}")
    console.print(f"[bold red]{len(error.faults)} {say(counted, language)}[/]{say(follows, language)}")


def plain(text: str) -> str:
    """Text in which brackets are not markup."""
    return text.replace("[", "\\[")
